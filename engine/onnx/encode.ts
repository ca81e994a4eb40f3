/**
 * From an ONNX graph to the bytes of an `.onnx` file.
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import {
  type AttributeValue,
  elementTypes,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxValue,
} from "./emit.ts";

/** Version of the operator set that graphs are written in. */
export const OPSET = 21;
const IR_VERSION = 10n;

function encodeAttribute(name: string, { kind, value }: AttributeValue): AttributeProto {
  const types = AttributeProto_AttributeType;
  switch (kind) {
    case "int":
      return create(AttributeProtoSchema, { name, type: types.INT, i: BigInt(value) });
    case "float":
      return create(AttributeProtoSchema, { name, type: types.FLOAT, f: value });
    case "string":
      return create(AttributeProtoSchema, {
        name,
        type: types.STRING,
        s: new TextEncoder().encode(value),
      });
    case "ints":
      return create(AttributeProtoSchema, { name, type: types.INTS, ints: value.map(BigInt) });
  }
}

function encodeValue({ name, dtype, shape }: OnnxValue): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(size) } }
      : { value: { case: "dimParam" as const, value: size } }
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: { case: "tensorType", value: { elemType: elementTypes[dtype], shape: { dim } } },
    },
  });
}

function encodeInitializer({ name, dtype, shape, values }: OnnxInitializer) {
  return create(TensorProtoSchema, {
    name,
    dataType: elementTypes[dtype],
    dims: shape.map(BigInt),
    rawData: new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength),
  });
}

/**
 * Encodes a graph as an ONNX model.
 * @param graph The graph.
 * @returns Bytes of an `.onnx` file.
 */
export function encode(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "glovita",
    opsetImport: [{ domain: "", version: BigInt(OPSET) }],
    graph: create(GraphProtoSchema, {
      name: "glovita",
      node: graph.nodes.map((node) =>
        create(NodeProtoSchema, {
          name: node.outputs[0],
          opType: node.op,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.attributes).map(([name, value]) =>
            encodeAttribute(name, value)
          ),
        })
      ),
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
      initializer: graph.initializers.map(encodeInitializer),
    }),
  });
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}
