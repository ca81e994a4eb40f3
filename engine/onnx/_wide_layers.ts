/**
 * Finding linear layers with constant weights that are wide enough for products of 8-bit integers,
 * and putting other nodes in their place.
 * @module
 */
import { int, type OnnxGraph, type OnnxInitializer, type OnnxNode } from "./emit.ts";
import type { TypedArray } from "../ir/types.ts";

/** Narrower products cost more in rounding than they gain: measured with ViT-tiny to ViT-large. */
const MIN_WIDTH = 384;
/** Sums over more inputs could leave int32. */
const MAX_INPUTS = 2 ** 15;
/** Largest part of a value: a step is the largest value over this. */
export const LARGEST = 127;
/** What stands for 0 in the unsigned parts of `x`. */
const ZERO = 128;
/** In place of the largest value of a row of zeros. */
export const TINY = 1e-30;
/** Operators of the runtime that are none of ONNX's. */
const RUNTIME_DOMAIN = "com.microsoft";
/** Version of ONNX's operators since which `ReduceMax` takes its axes as an operand. */
const REDUCE_BY_OPERAND = 18;

/** A linear layer with constant weights: a `Gemm`, or a `MatMul` of as many dimensions as it likes. */
export interface WideLayer {
  /** The node. */
  readonly node: OnnxNode;
  /** Its weights. */
  readonly weight: OnnxInitializer & { readonly values: Float32Array };
  /** Whether they are `[outputs, inputs]` rather than `[inputs, outputs]`. */
  readonly outputsFirst: boolean;
  /** Channels of `x`. */
  readonly inputs: number;
  /** Channels of the result. */
  readonly outputs: number;
}

/**
 * Finds the linear layers of at least 384 inputs and outputs.
 * @param graph The graph.
 * @returns Them, in the order of the nodes.
 */
export function wideLayers({ nodes, initializers }: OnnxGraph): readonly WideLayer[] {
  const constants = new Map(initializers.map((constant) => [constant.name, constant]));
  return nodes.flatMap((node) => layerOf(node, constants.get(node.inputs[1])) ?? []);
}

function layerOf(node: OnnxNode, weight: OnnxInitializer | undefined): WideLayer | undefined {
  if (weight === undefined || !isFloatMatrix(weight)) return undefined;
  const outputsFirst = layoutOf(node);
  if (outputsFirst === undefined) return undefined;
  const [outputs, inputs] = outputsFirst ? weight.shape : weight.shape.toReversed();
  if (Math.min(inputs, outputs) < MIN_WIDTH || inputs > MAX_INPUTS) return undefined;
  return { node, weight, outputsFirst, inputs, outputs };
}

function isFloatMatrix(weight: OnnxInitializer): weight is WideLayer["weight"] {
  return weight.dtype === "float32" && weight.shape.length === 2;
}

/** Whether weights stand outputs first; nothing for what is not a plain product. */
function layoutOf({ op, domain, attributes }: OnnxNode): boolean | undefined {
  if (domain !== undefined) return undefined;
  if (op === "MatMul") return false;
  const is = (name: string, value: number, otherwise: number) =>
    (attributes[name]?.value ?? otherwise) === value;
  if (op !== "Gemm" || !is("alpha", 1, 1) || !is("beta", 1, 1) || !is("transA", 0, 0)) {
    return undefined;
  }
  return is("transB", 1, 0);
}

/** The weights `[outputs, inputs]`. */
export function weightRows({ weight, outputsFirst, inputs, outputs }: WideLayer): Float32Array {
  if (outputsFirst) return weight.values;
  const rows = new Float32Array(inputs * outputs);
  for (let i = 0, from = 0; i < inputs; i++) {
    for (let output = 0; output < outputs; output++) {
      rows[output * inputs + i] = weight.values[from++];
    }
  }
  return rows;
}

/** What takes the place of a product: from the rows of `x` to the rows of the result. */
export type LayerRule = (writer: LayerWriter, layer: WideLayer, x: string) => string;

/**
 * Puts other nodes in the place of layers, and leaves out constants that then nothing reads.
 * @param graph The graph.
 * @param layers Layers of it.
 * @param rule Writes the product without its bias.
 */
export function replaceLayers(
  graph: OnnxGraph,
  layers: readonly WideLayer[],
  rule: LayerRule,
): OnnxGraph {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const writer = new LayerWriter(graph.opset);
  for (const node of graph.nodes) {
    const layer = byNode.get(node);
    if (layer) writer.layer(layer, rule);
    else writer.nodes.push(node);
  }
  const used = new Set(writer.nodes.flatMap(({ inputs }) => inputs));
  const initializers = [...graph.initializers, ...writer.constants];
  return {
    ...graph,
    nodes: writer.nodes,
    initializers: initializers.filter(({ name }) => used.has(name)),
  };
}

/** Rows rounded to 8 bits. */
export interface RoundedRows {
  /** The integers; {@linkcode ZERO} stands for 0. */
  readonly rounded: string;
  /** Step of every row `[rows, 1]`. */
  readonly step: string;
  /** The same `[rows]`. */
  readonly rowSteps: string;
  /** {@linkcode ZERO} for every row. */
  readonly rowZeros: string;
}

/** Writes nodes and constants under names of its own. */
export class LayerWriter {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxInitializer[] = [];
  readonly #reduceByOperand: boolean;
  /** Names of small constants, by type and value. */
  readonly #known = new Map<string, string>();
  /** What is done to a tensor once, whatever layers read it, by what it is and the tensor's name. */
  readonly #shared = new Map<string, unknown>();

  constructor(opset = REDUCE_BY_OPERAND) {
    this.#reduceByOperand = opset >= REDUCE_BY_OPERAND;
  }

  /** Writes a layer by a rule. */
  layer(layer: WideLayer, rule: LayerRule): void {
    const { node, inputs, outputs } = layer;
    const [x, , bias] = node.inputs;
    const matrix = node.op === "Gemm";
    const rows = matrix ? x : this.asRows(x, inputs);
    const product = rule(this, layer, rows);
    if (matrix) {
      const [op, operands] = bias ? ["Add", [product, bias]] : ["Identity", [product]];
      this.nodes.push({ op, inputs: operands, outputs: node.outputs, attributes: {} });
      return;
    }
    const ends = [this.#vector(0), this.#vector(-1)];
    const leading = this.node("Slice", [this.node("Shape", [x]), ...ends]);
    const shape = this.node("Concat", [leading, this.#vector(outputs)], { axis: int(0) });
    this.nodes.push({
      op: "Reshape",
      inputs: [product, shape],
      outputs: node.outputs,
      attributes: {},
    });
  }

  /** Writes a node. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: OnnxNode["attributes"] = {},
    domain?: string,
  ): string {
    const name = `integer_${op}_${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [name], attributes, domain });
    return name;
  }

  /** Does something to a tensor, unless it is done. */
  once<T>(what: string, x: string, make: () => T): T {
    const key = `${what} ${x}`;
    const made = this.#shared.has(key) ? this.#shared.get(key) as T : make();
    this.#shared.set(key, made);
    return made;
  }

  /** A number. */
  float(value: number): string {
    return this.#small("float32", [], Float32Array.of(value));
  }

  /** Rounds rows of `x` to 8 bits, each by a step of its own. */
  roundRows(x: string): RoundedRows {
    return this.once("rounded", x, () => {
      const largest = this.node("Max", [this.#largest(x, -1, true), this.float(TINY)]);
      const step = this.node("Mul", [largest, this.float(1 / LARGEST)]);
      const rowSteps = this.node("Reshape", [step, this.#vector(-1)]);
      const rowZeros = this.node("Expand", [this.#zero(), this.node("Shape", [rowSteps])]);
      const rounded = this.node("QuantizeLinear", [x, rowSteps, rowZeros], { axis: int(0) });
      return { rounded, step, rowSteps, rowZeros };
    });
  }

  /** The product of rows that are rounded and weights `[inputs, outputs]`, times the outputs' steps. */
  multiply(rows: string, weights: Int8Array, steps: Float32Array): string {
    const outputs = steps.length;
    const operands = [
      rows,
      this.constant("int8", [weights.length / outputs, outputs], weights),
      this.float(1),
      this.constant("float32", [outputs], steps),
      this.#zero(),
    ];
    return this.node("MatMulIntegerToFloat", operands, {}, RUNTIME_DOMAIN);
  }

  /** A constant. */
  constant(dtype: OnnxInitializer["dtype"], shape: readonly number[], values: TypedArray): string {
    const name = `integer_constant_${this.constants.length}`;
    this.constants.push({ name, dtype, shape, values });
    return name;
  }

  /** A tensor as rows of so many channels. */
  asRows(x: string, width: number): string {
    const shape = this.#small("int64", [2], BigInt64Array.of(-1n, BigInt(width)));
    return this.once("rows", x, () => this.node("Reshape", [x, shape]));
  }

  /** Largest magnitude of every column of a matrix. */
  largestInColumns(x: string): string {
    return this.#largest(x, 0, false);
  }

  #largest(x: string, axis: number, keepdims: boolean): string {
    const size = this.node("Abs", [x]);
    const kept = { keepdims: int(keepdims) };
    return this.#reduceByOperand
      ? this.node("ReduceMax", [size, this.#vector(axis)], kept)
      : this.node("ReduceMax", [size], { ...kept, axes: { kind: "ints", value: [axis] } });
  }

  #zero(): string {
    return this.#small("uint8", [], Uint8Array.of(ZERO));
  }

  #vector(value: number): string {
    return this.#small("int64", [1], BigInt64Array.of(BigInt(value)));
  }

  /** A constant that many nodes share. */
  #small(dtype: OnnxInitializer["dtype"], shape: readonly number[], values: TypedArray): string {
    const key = `${dtype}[${shape}] ${values}`;
    const name = this.#known.get(key) ?? this.constant(dtype, shape, values);
    this.#known.set(key, name);
    return name;
  }
}

/** `Math.round()` of an int8, four times as fast. */
export function round(value: number): number {
  return ((value + 128.5) | 0) - 128;
}

/** Step of one output's weights: the largest over {@linkcode LARGEST}. */
export function stepOf(row: Float32Array): number {
  let largest = TINY;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  return Math.fround(largest / LARGEST);
}
