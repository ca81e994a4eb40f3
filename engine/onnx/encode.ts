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
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import {
  type AttributeValue,
  elementTypes,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "./emit.ts";
import type { TypedArray } from "../ir/types.ts";

/** Version of the operator set that graphs are written in. */
export const OPSET = 21;
/** Version of the file format. */
export const IR_VERSION = 10;
/** Constants of fewer bytes stay within the model: they hold shapes, which the runtime looks at. */
export const APART_BYTES = 1024;
/** Places in a file of constants are multiples of it, so that runtimes can map them into memory. */
const ALIGNMENT = 4096;

/**
 * An ONNX model with what lies beside it.
 * @category ONNX models
 */
export interface OnnxModel {
  /** Bytes of an `.onnx` file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of its large constants, by the place that the model names. */
  readonly constants: Readonly<Record<string, Uint8Array>>;
  /** Parts that made its nodes and inputs, by the name of the node or input. */
  readonly parts?: ReadonlyMap<string, string>;
  /** Whether ARM64 processors may round the operands of products to bfloat16. @default {false} */
  readonly fastMath?: boolean;
}

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

/** Writes an input or output. */
export function encodeValue(
  { name, dtype, shape, sequence, inferred }: OnnxValue,
): ValueInfoProto {
  if (inferred) return create(ValueInfoProtoSchema, { name });
  const dim = shape.map((size) =>
    typeof size === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(size) } }
      : { value: { case: "dimParam" as const, value: size } }
  );
  const tensor = {
    value: {
      case: "tensorType" as const,
      value: { elemType: elementTypes[dtype], shape: { dim } },
    },
  };
  const type = sequence
    ? { value: { case: "sequenceType" as const, value: { elemType: tensor } } }
    : tensor;
  return create(ValueInfoProtoSchema, { name, type });
}

/** Writes a constant with its values. */
export function encodeInitializer({ name, dtype, shape, values }: OnnxInitializer): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: elementTypes[dtype],
    dims: shape.map(BigInt),
    rawData: bytesOf(values) as Uint8Array<ArrayBuffer>,
  });
}

/** Writes a constant whose values lie elsewhere. */
export function encodeApart(
  { name, dtype, shape, values }: OnnxInitializer,
  { place, offset = 0 }: { readonly place: string; readonly offset?: number },
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: elementTypes[dtype],
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: "location", value: place },
      { key: "offset", value: String(offset) },
      { key: "length", value: String(values.byteLength) },
    ],
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * What a model says of itself, by name: ONNX's `metadata_props`.
 * @category ONNX
 */
export type ModelMetadata = Readonly<Record<string, string>>;

/**
 * Encodes a graph as an ONNX model.
 * @param graph The graph.
 * @param metadata What the model says of itself.
 * @returns Bytes of an `.onnx` file.
 *
 * @example A file that any ONNX runtime can read
 * ```ts
 * import { emit, encode, input, mul, Session } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/twice.onnx`;
 * const x = input("x", "float32", [2]);
 * await Deno.writeFile(file, encode(emit({ y: mul(x, 2) })));
 *
 * const session = await Session.open(file);
 * const { y } = await session.run({
 *   x: { dtype: "float32", shape: [2], data: Float32Array.of(3, 4) },
 * });
 * await session.release();
 * assertEquals([...y.data], [6, 8]);
 * ```
 *
 * @category ONNX
 */
export function encode(graph: OnnxGraph, metadata?: ModelMetadata): Uint8Array<ArrayBuffer> {
  return encodeModel(graph, graph.initializers.map(encodeInitializer), metadata);
}

/** A model as two files: one with the graph, one with its large constants. */
export interface OnnxFilePair {
  /** Bytes of the `.onnx` file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the other file holds, piece by piece. */
  readonly data: readonly Uint8Array[];
}

/**
 * Encodes a graph as two files, as models above the 2 GB of a single file need it.
 * @param graph The graph.
 * @param dataName Name of the file with the constants, in the folder of the model.
 * @param metadata What the model says of itself.
 * @returns The model and the pieces of the other file, which are views of the graph's values.
 */
export function encodeWithDataFile(
  graph: OnnxGraph,
  dataName: string,
  metadata?: ModelMetadata,
): OnnxFilePair {
  const data: Uint8Array[] = [];
  let offset = 0;
  const initializers = graph.initializers.map((initializer) => {
    const bytes = bytesOf(initializer.values);
    if (bytes.byteLength < APART_BYTES) return encodeInitializer(initializer);
    const filler = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT;
    if (filler > 0) data.push(new Uint8Array(filler));
    offset += filler;
    const encoded = encodeApart(initializer, { place: dataName, offset });
    data.push(bytes);
    offset += bytes.byteLength;
    return encoded;
  });
  return { bytes: encodeModel(graph, initializers, metadata), data };
}

/**
 * Encodes a graph as an ONNX model beside which its large constants lie: nothing copies them, they
 * may be shared memory, and a model may hold more than the 2 GB that a file can.
 * @param graph The graph; its large constants must stay as they are while sessions use the model.
 * @returns The model, with views of the graph's values.
 */
export function encodeWithConstantsApart(graph: OnnxGraph): OnnxModel {
  const constants: Record<string, Uint8Array> = {};
  const initializers = graph.initializers.map((initializer, index) => {
    if (initializer.values.byteLength < APART_BYTES) return encodeInitializer(initializer);
    const place = `constant${index}`;
    constants[place] = bytesOf(initializer.values);
    return encodeApart(initializer, { place });
  });
  return { bytes: encodeModel(graph, initializers), constants, parts: partsOf(graph) };
}

/**
 * Tells which parts made the nodes and inputs of a graph.
 * @param graph The graph.
 * @returns Names of the parts, by the name that a node or input has in the encoded model.
 */
export function partsOf({ nodes, inputs }: OnnxGraph): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const { name, part } of inputs) if (part) parts.set(name, part);
  for (const { outputs: [name], part } of nodes) if (part) parts.set(name, part);
  return parts;
}

/** Writes a node. */
export function encodeNode(node: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    name: node.outputs[0],
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}

function encodeModel(
  graph: OnnxGraph,
  initializer: TensorProto[],
  metadata: ModelMetadata = {},
): Uint8Array<ArrayBuffer> {
  const domains = new Set(graph.nodes.flatMap(({ domain }) => domain ?? []));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: "glovita",
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value })
    ),
    opsetImport: [
      { domain: "", version: BigInt(graph.opset ?? OPSET) },
      ...[...domains].map((domain) => ({ domain, version: 1n })),
    ],
    graph: create(GraphProtoSchema, {
      name: "glovita",
      node: graph.nodes.map(encodeNode),
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
      initializer,
    }),
  });
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}
