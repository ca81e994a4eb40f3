/**
 * Matrix products from products of 8-bit integers, for processors that are many times faster at
 * those than at float32.
 *
 * A float32 is written as the sum of two 8-bit integers, a coarse and a fine one, times a step for
 * its row (of `x`) or its output (of the weights). Three of the four products of the parts are
 * computed, exactly, and added up; the fine parts' product is left out. PyTorch's
 * `torch.set_float32_matmul_precision("high")` means the same with bfloat16 for integers; the idea
 * is that of Ozaki et al. 2012, "Error-free transformations of matrix multiplication".
 * @module
 */
import { int, type OnnxGraph, type OnnxInitializer, type OnnxNode } from "./emit.ts";
import type { TypedArray } from "../ir/types.ts";

/** Narrower products cost more in splitting than they gain: measured with ViT-tiny to ViT-large. */
const MIN_WIDTH = 384;
/** Sums over more inputs could leave int32. */
const MAX_INPUTS = 2 ** 15;
/** Largest part of a value: a step is the largest value over this. */
const LARGEST = 127;
/** Fine steps in a coarse one, so that half a coarse step is {@linkcode LARGEST} fine ones. */
const FINENESS = 2 * LARGEST;
/** What stands for 0 in the unsigned parts of `x`. */
const ZERO = 128;
/** In place of the largest value of a row of zeros. */
const TINY = 1e-30;
/** Operators of the runtime that are none of ONNX's. */
const RUNTIME_DOMAIN = "com.microsoft";

/** A linear layer with constant weights. */
interface Product {
  readonly node: OnnxNode;
  readonly weight: OnnxInitializer & { readonly values: Float32Array };
}

/** Weights as the graph takes them. */
interface SplitWeights {
  /** Coarse parts `[inputs, outputs]`. */
  readonly coarse: Int8Array;
  /** Fine parts, then the coarse ones again, `[2 · inputs, outputs]`. */
  readonly both: Int8Array;
  /** Step of an output's coarse parts `[outputs]`. */
  readonly steps: Float32Array;
}

/**
 * Replaces linear layers (`Gemm` with constant weights `[outputs, inputs]`) by products of 8-bit
 * integers, where both widths are at least 384. Rows of `x` whose largest value is a few times
 * their standard deviation come out with relative errors of about 1e-4 per layer, a third of
 * TensorFloat-32's; the error grows with the square of that ratio.
 * @param graph The graph. Values of weights may be shared memory; what replaces them is.
 * @returns The graph with other nodes, or the same one if no layer is wide enough.
 *
 * @example A layer of 384 inputs and outputs
 * ```ts
 * import { emit, input } from "@glovita/glovita/engine";
 * import { linear } from "@glovita/glovita/nn";
 * import { bakeInputs } from "./bake.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x, w] = [input("x", "float32", ["rows", 384]), input("w", "float32", [384, 384])];
 * const weight = { shape: [384, 384], values: new Float32Array(384 * 384).fill(0.5) };
 * const graph = bakeInputs(emit({ y: linear(x, w) }), new Map([["w", weight]]));
 * const products = splitProducts(graph).nodes.filter(({ op }) => op === "MatMulIntegerToFloat");
 * assertEquals(products.length, 2);
 * ```
 */
export function splitProducts(graph: OnnxGraph): OnnxGraph {
  const constants = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const products = new Map<OnnxNode, Product>();
  for (const node of graph.nodes) {
    const weight = constants.get(node.inputs[1]);
    if (weight && isWide(node, weight)) products.set(node, { node, weight });
  }
  if (products.size === 0) return graph;
  const writer = new Writer();
  for (const node of graph.nodes) {
    const product = products.get(node);
    if (product) writer.product(product);
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

function isWide(
  { op, attributes }: OnnxNode,
  weight: OnnxInitializer,
): weight is Product["weight"] {
  if (op !== "Gemm" || weight.dtype !== "float32") return false;
  const is = (name: string, value: number) => attributes[name]?.value === value;
  if (!is("alpha", 1) || !is("beta", 1) || !is("transA", 0) || !is("transB", 1)) return false;
  return Math.min(...weight.shape) >= MIN_WIDTH && weight.shape[1] <= MAX_INPUTS;
}

/** Writes nodes and constants under names of its own. */
class Writer {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxInitializer[] = [];
  /** Names of small constants, by type and value. */
  readonly #known = new Map<string, string>();

  product({ node, weight }: Product): void {
    const [x, , bias] = node.inputs;
    const [outputs] = weight.shape;
    const { coarse, both, steps } = splitWeights(weight);
    const float = (value: number) => this.#small("float32", [], Float32Array.of(value));
    const last = this.#small("int64", [1], BigInt64Array.of(-1n));
    const zero = this.#small("uint8", [], Uint8Array.of(ZERO));

    const largest = this.#node("ReduceMax", [this.#node("Abs", [x]), last]);
    const step = this.#node("Mul", [
      this.#node("Max", [largest, float(TINY)]),
      float(1 / LARGEST),
    ]);
    const rowSteps = this.#node("Squeeze", [step, last]);
    const rowZeros = this.#node("Expand", [zero, this.#node("Shape", [rowSteps])]);
    const row = { axis: int(0) };
    const xCoarse = this.#node("QuantizeLinear", [x, rowSteps, rowZeros], row);
    const rounded = this.#node("DequantizeLinear", [xCoarse, rowSteps, rowZeros], row);
    const fineSteps = this.#node("Mul", [rowSteps, float(1 / FINENESS)]);
    const rest = this.#node("Sub", [x, rounded]);
    const xFine = this.#node("QuantizeLinear", [rest, fineSteps, rowZeros], row);
    const xBoth = this.#node("Concat", [xCoarse, xFine], { axis: int(1) });

    const multiply = (rows: string, weights: Int8Array, scale: Float32Array) =>
      this.#node(
        "MatMulIntegerToFloat",
        [
          rows,
          this.#constant("int8", [weights.length / outputs, outputs], weights),
          float(1),
          this.#constant("float32", [outputs], scale),
          zero,
        ],
        {},
        RUNTIME_DOMAIN,
      );
    const sum = this.#node("Add", [
      multiply(xCoarse, coarse, steps),
      multiply(xBoth, both, steps.map((value) => value / FINENESS)),
    ]);
    const scaled = this.#node("Mul", [sum, step]);
    const [op, operands] = bias ? ["Add", [scaled, bias]] : ["Identity", [scaled]];
    this.nodes.push({ op, inputs: operands, outputs: node.outputs, attributes: {} });
  }

  #node(
    op: string,
    inputs: readonly string[],
    attributes: OnnxNode["attributes"] = {},
    domain?: string,
  ): string {
    const name = `split_${op}_${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [name], attributes, domain });
    return name;
  }

  /** A constant that many nodes share. */
  #small(dtype: OnnxInitializer["dtype"], shape: readonly number[], values: TypedArray): string {
    const key = `${dtype}[${shape}] ${values}`;
    const name = this.#known.get(key) ?? this.#constant(dtype, shape, values);
    this.#known.set(key, name);
    return name;
  }

  #constant(
    dtype: OnnxInitializer["dtype"],
    shape: readonly number[],
    values: TypedArray,
  ): string {
    const name = `split_constant_${this.constants.length}`;
    this.constants.push({ name, dtype, shape, values });
    return name;
  }
}

/** Splits the weights of every output, whose step its largest weight gives. */
function splitWeights({ shape: [outputs, inputs], values }: Product["weight"]): SplitWeights {
  const coarse = new Int8Array(new SharedArrayBuffer(inputs * outputs));
  const both = new Int8Array(new SharedArrayBuffer(2 * inputs * outputs));
  const steps = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const row = values.subarray(output * inputs, (output + 1) * inputs);
    let largest = TINY;
    for (let i = 0; i < inputs; i++) largest = Math.max(largest, Math.abs(row[i]));
    const step = Math.fround(largest / LARGEST);
    steps[output] = step;
    const perStep = 1 / step;
    for (let i = 0, to = output; i < inputs; i++, to += outputs) {
      const scaled = row[i] * perStep;
      coarse[to] = round(scaled);
      both[to] = round(FINENESS * (scaled - round(scaled)));
    }
  }
  both.set(coarse, coarse.length);
  return { coarse, both, steps };
}

/** `Math.round()` of an int8, four times as fast. */
function round(value: number): number {
  return ((value + 128.5) | 0) - 128;
}
