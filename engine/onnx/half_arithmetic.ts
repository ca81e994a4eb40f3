/**
 * Computing in float16 what a device computes fastest so, and the rest in float32.
 *
 * Weights, products, and what passes between them are float16. Whatever adds many values up, divides,
 * or leaves the range of float16 on its way, such as the squares of a norm, stays float32: sums in
 * float16 lose digits, and its numbers end at 65504. So does what follows from constants alone, which
 * the runtime computes once.
 * @module
 */
import type { DType } from "../ir/types.ts";
import { elementTypes, int } from "./emit.ts";
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "./graph.ts";
import { halfConstant } from "./half_weights.ts";
import { valueTypes } from "./value_types.ts";

/** Operators that compute in float16. */
const HALF: ReadonlySet<string> = new Set([
  ...["MatMul", "Gemm", "Conv"],
  ...["Add", "Sub", "Mul", "Div", "Neg", "Abs", "Max", "Min", "Where"],
  ...["Relu", "Gelu", "Sigmoid", "Tanh", "Erf"],
  ...["Identity", "Reshape", "Expand", "Transpose", "Concat", "Slice", "Pad", "Gather"],
  ...["MaxPool", "AveragePool"],
]);

/**
 * Makes a graph compute in float16. Its inputs and outputs stay what they are: inputs are cast as they
 * come in, outputs as they leave.
 * @param graph A graph that this engine has emitted, its weights constants.
 * @returns The same graph in float16.
 * @throws {RangeError} if a weight is beyond what float16 can hold; the message names it.
 *
 * @example A product in float16
 * ```ts
 * import { bakeInputs } from "./bake.ts";
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { matMul } from "../ir/matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const y = matMul(input("x", "float32", [1, 4]), input("w", "float32", [4, 4]));
 * const weights = new Map([["w", { shape: [4, 4], values: new Float32Array(16) }]]);
 * const { nodes, initializers } = withHalfArithmetic(bakeInputs(emit({ y }), weights));
 * assertEquals(nodes.map(({ op }) => op), ["Cast", "MatMul", "Cast"]);
 * assertEquals(initializers.map(({ dtype }) => dtype), ["float16"]);
 * ```
 */
export function withHalfArithmetic(graph: OnnxGraph): OnnxGraph {
  const rewriting = new Rewriting(graph);
  for (const node of graph.nodes) rewriting.add(node);
  return rewriting.finish();
}

/** Rewrites node after node. */
class Rewriting {
  readonly #graph: OnnxGraph;
  readonly #types: ReadonlyMap<string, DType>;
  readonly #nodes: OnnxNode[] = [];
  readonly #halves: OnnxInitializer[] = [];
  readonly #weights: ReadonlyMap<string, OnnxInitializer>;
  /** Values that follow from constants alone. */
  readonly #constant: Set<string>;
  /** Values that are there in float32. */
  readonly #whole = new Set<string>();
  /** Names of values in float16, by their names in float32. */
  readonly #half = new Map<string, string>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#types = valueTypes(graph);
    this.#weights = new Map(graph.initializers.map((weight) => [weight.name, weight]));
    this.#constant = new Set(this.#weights.keys());
    for (const { name } of [...graph.inputs, ...graph.initializers]) this.#whole.add(name);
  }

  add(node: OnnxNode): void {
    const given = node.inputs.filter(Boolean);
    const fixed = given.length > 0 && given.every((name) => this.#constant.has(name));
    if (fixed) { for (const name of node.outputs) this.#constant.add(name); }
    if (!fixed && this.#computesInHalf(node)) this.#addHalf(node);
    else this.#addWhole(node);
  }

  finish(): OnnxGraph {
    const { outputs, initializers } = this.#graph;
    for (const { name } of outputs) if (this.#isFloat(name)) this.#asWhole(name);
    const read = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    const kept = initializers.filter(({ name }) => read.has(name));
    return { ...this.#graph, nodes: this.#nodes, initializers: [...kept, ...this.#halves] };
  }

  #computesInHalf({ op, inputs }: OnnxNode): boolean {
    if (!HALF.has(op)) return false;
    if (op === "Div") return this.#constant.has(inputs[1]);
    return !(op === "Mul" && inputs[0] === inputs[1]); // A square.
  }

  #addHalf(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => this.#isFloat(name) ? this.#asHalf(name) : name);
    const outputs = node.outputs.map((name) => {
      if (!this.#isFloat(name)) return name;
      const half = halfName(name);
      this.#half.set(name, half);
      return half;
    });
    this.#nodes.push({ ...node, inputs, outputs });
  }

  #addWhole(node: OnnxNode): void {
    for (const name of node.inputs) if (this.#isFloat(name)) this.#asWhole(name);
    for (const name of node.outputs) this.#whole.add(name);
    this.#nodes.push(node);
  }

  #isFloat(name: string): boolean {
    return this.#types.get(name) === "float32";
  }

  #asHalf(name: string): string {
    const known = this.#half.get(name);
    if (known !== undefined) return known;
    const half = halfName(name);
    const weight = this.#weights.get(name);
    if (weight !== undefined) this.#halves.push(halfConstant(weight, half));
    else this.#cast(name, half, "float16");
    this.#half.set(name, half);
    return half;
  }

  #asWhole(name: string): void {
    if (this.#whole.has(name)) return;
    this.#cast(this.#half.get(name)!, name, "float32");
    this.#whole.add(name);
  }

  #cast(from: string, to: string, type: "float16" | "float32"): void {
    const attributes = { to: int(elementTypes[type]) };
    this.#nodes.push({ op: "Cast", inputs: [from], outputs: [to], attributes });
  }
}

const halfName = (name: string) => `${name}.float16`;
