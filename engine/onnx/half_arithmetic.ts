/**
 * Computing in float16 what a device computes fastest so, and the rest in float32.
 *
 * Weights, products, and what passes between them are float16. Whatever adds many values up, divides,
 * or leaves the range of float16 on its way, such as the squares of a norm, stays float32: sums in
 * float16 lose digits, and its numbers end at 65504. So does what follows from constants alone, which
 * the runtime computes once.
 * @module
 */
import type { OnnxGraph, OnnxNode } from "./graph.ts";
import { halfConstant } from "./half_weights.ts";
import { Retyping } from "./retyping.ts";

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
  const retyping = new Retyping(graph, { from: "float32", to: "float16", constant: halfConstant });
  const constant = new Set(graph.initializers.map(({ name }) => name));
  for (const node of graph.nodes) {
    const given = node.inputs.filter(Boolean);
    const fixed = given.length > 0 && given.every((name) => constant.has(name));
    if (fixed) { for (const name of node.outputs) constant.add(name); }
    if (!fixed && computesInHalf(node, constant)) retyping.convert(node);
    else retyping.keep(node);
  }
  return retyping.finish();
}

function computesInHalf({ op, inputs }: OnnxNode, constant: ReadonlySet<string>): boolean {
  if (!HALF.has(op)) return false;
  if (op === "Div") return constant.has(inputs[1]);
  return !(op === "Mul" && inputs[0] === inputs[1]); // A square.
}
