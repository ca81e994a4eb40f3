/**
 * Another's ONNX file as a graph that can be rewritten. What rewriting leaves alone is written as it
 * was read, whatever this package knows of it.
 * @module
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  type ValueInfoProto,
} from "onnx-buf";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DType } from "../ir/types.ts";
import {
  type AttributeValue,
  elementTypes,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "../onnx/emit.ts";
import {
  APART_BYTES,
  encodeApart,
  encodeInitializer,
  encodeNode,
  encodeValue,
  type OnnxModel,
} from "../onnx/encode.ts";

/** Operators of the runtime that rewriting may add. */
const RUNTIME_DOMAIN = { domain: "com.microsoft", version: 1n };
/** Version of the file format since which constants are no inputs. */
const IR_WITH_CONSTANTS = 4n;
const FLOAT32 = 1;

/** A file's graph. */
export interface ForeignGraph {
  /** The graph: all nodes, constants of float32, inputs of known types. */
  readonly graph: OnnxGraph;
  /**
   * Writes the graph after nodes, constants or outputs of it were replaced.
   * @param graph The graph; untouched nodes and constants are the very objects that it had.
   */
  encode(graph: OnnxGraph): OnnxModel;
}

/**
 * Reads a file and those with its weights.
 * @param path The file.
 */
export async function readForeignGraph(path: string): Promise<ForeignGraph> {
  const model = fromBinary(ModelProtoSchema, Uint8Array.from(await readFile(path)));
  const graph = model.graph!;
  await embedData(graph.initializer, dirname(path));
  const nodes = new Map(graph.node.map((node) => [nodeOf(node), node]));
  const constants = new Map(graph.initializer.flatMap((tensor) => {
    const constant = constantOf(tensor);
    return constant ? [[constant, tensor] as const] : [];
  }));
  const known = new Set(graph.initializer.map(({ name }) => name));
  const view: OnnxGraph = {
    nodes: [...nodes.keys()],
    inputs: graph.input.filter(({ name }) => !known.has(name)).map(valueOf),
    outputs: graph.output.map(valueOf),
    initializers: [...constants.keys()],
    opset: opsetOf(model),
  };
  return {
    graph: view,
    encode: (changed) => encodeChanged(model, { nodes, constants, view, changed }),
  };
}

function opsetOf({ opsetImport }: ModelProto): number {
  const own = opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return Number(own?.version ?? 1n);
}

/** Takes values out of other files into the tensors. */
async function embedData(tensors: readonly TensorProto[], folder: string): Promise<void> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const tensor of tensors) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const place = entries.get("location")!;
    const bytes = files.get(place) ?? Uint8Array.from(await readFile(join(folder, place)));
    files.set(place, bytes);
    const offset = Number(entries.get("offset") ?? 0);
    const length = Number(entries.get("length") ?? bytes.length - offset);
    tensor.rawData = bytes.subarray(offset, offset + length);
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    tensor.externalData = [];
  }
}

function nodeOf({ opType, domain, input, output, attribute }: NodeProto): OnnxNode {
  const captured = attribute.flatMap(({ g, graphs }) => [g, ...graphs].flatMap(namesReadIn));
  const attributes: Record<string, AttributeValue> = {};
  for (const { name, i, f, type } of attribute) {
    if (type === FLOAT_ATTRIBUTE) attributes[name] = { kind: "float", value: f };
    if (type === INT_ATTRIBUTE) attributes[name] = { kind: "int", value: Number(i) };
  }
  return {
    op: opType,
    ...(domain !== "" && domain !== "ai.onnx" && { domain }),
    inputs: [...input, ...captured],
    outputs: output,
    attributes,
  };
}

/** `AttributeProto.AttributeType`. */
const FLOAT_ATTRIBUTE = 1;
const INT_ATTRIBUTE = 2;

/** Names that an inner graph may take from the outer one. */
function namesReadIn(graph: GraphProto | undefined): string[] {
  return (graph?.node ?? []).flatMap(({ input, attribute }) => [
    ...input,
    ...attribute.flatMap(({ g, graphs }) => [g, ...graphs].flatMap(namesReadIn)),
  ]);
}

function constantOf(tensor: TensorProto): OnnxInitializer | undefined {
  if (tensor.dataType !== FLOAT32) return undefined;
  const { name, dims, rawData, floatData } = tensor;
  const values = rawData.length > 0
    ? new Float32Array(rawData.slice().buffer)
    : Float32Array.from(floatData);
  return { name, dtype: "float32", shape: dims.map(Number), values };
}

function valueOf({ name, type }: ValueInfoProto): OnnxValue {
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  const known = Object.entries(elementTypes) as [DType, number][];
  const dtype = known.find(([, number]) => number === tensor?.elemType)?.[0] ?? "float32";
  const shape = (tensor?.shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : ""
  );
  return { name, dtype, shape };
}

interface Change {
  readonly nodes: ReadonlyMap<OnnxNode, NodeProto>;
  readonly constants: ReadonlyMap<OnnxInitializer, TensorProto>;
  /** The graph as it was. */
  readonly view: OnnxGraph;
  /** The graph as it shall be. */
  readonly changed: OnnxGraph;
}

function encodeChanged(model: ModelProto, { nodes, constants, view, changed }: Change): OnnxModel {
  const kept = new Set(changed.initializers);
  const dropped = new Set(view.initializers.filter((constant) => !kept.has(constant)));
  const droppedNames = new Set([...dropped].map(({ name }) => name));
  const apart: Record<string, Uint8Array> = {};
  const original = model.graph!.initializer.filter(({ name }) => !droppedNames.has(name));
  const added = changed.initializers.filter((constant) => !constants.has(constant));
  const initializer = [
    ...original.map((tensor) => originalApart(tensor, apart)),
    ...added.map((constant) => addedApart(constant, apart)),
  ];
  const outputs = changed.outputs === view.outputs
    ? model.graph!.output
    : changed.outputs.map(encodeValue);
  const imported = model.opsetImport.some(({ domain }) => domain === RUNTIME_DOMAIN.domain);
  const bytes = toBinary(ModelProtoSchema, {
    ...model,
    irVersion: model.irVersion > IR_WITH_CONSTANTS ? model.irVersion : IR_WITH_CONSTANTS,
    opsetImport: imported
      ? model.opsetImport
      : [...model.opsetImport, create(OperatorSetIdProtoSchema, RUNTIME_DOMAIN)],
    graph: {
      ...model.graph!,
      node: changed.nodes.map((node) => nodes.get(node) ?? encodeNode(node)),
      input: model.graph!.input.filter(({ name }) => !droppedNames.has(name)),
      output: outputs,
      initializer,
      valueInfo: [],
    },
  });
  return { bytes: bytes as Uint8Array<ArrayBuffer>, constants: apart };
}

function originalApart(tensor: TensorProto, apart: Record<string, Uint8Array>): TensorProto {
  const { rawData } = tensor;
  if (rawData.length < APART_BYTES) return tensor;
  const place = `constant${Object.keys(apart).length}`;
  apart[place] = shared(rawData);
  const { externalData, dataLocation } = encodeApart(
    { name: tensor.name, dtype: "uint8", shape: [], values: rawData as Uint8Array<ArrayBuffer> },
    { place },
  );
  return { ...tensor, rawData: new Uint8Array(), externalData, dataLocation };
}

function addedApart(constant: OnnxInitializer, apart: Record<string, Uint8Array>): TensorProto {
  const { buffer, byteOffset, byteLength } = constant.values;
  if (byteLength < APART_BYTES) return encodeInitializer(constant);
  const place = `constant${Object.keys(apart).length}`;
  apart[place] = shared(new Uint8Array(buffer, byteOffset, byteLength));
  return encodeApart(constant, { place });
}

/** Memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
