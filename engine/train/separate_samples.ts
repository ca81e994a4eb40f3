/**
 * Whether a graph computes each sample by itself, so that a batch may be computed in parts.
 * @module
 */
import type { AnyNode, Tensor } from "../ir/node.ts";
import { reachable } from "../ir/reachable.ts";

/**
 * Whether no sample has an influence on another. The number of samples is the only size of a graph
 * over images that is not known: an axis of such a size must not be summed over, compared along,
 * sorted, cut or chosen from.
 * @param output What is computed, from inputs whose first axis is that of the samples.
 *
 * @example A mean over the batch
 * ```ts
 * import { input } from "../ir/create.ts";
 * import { sub } from "../ir/elementwise.ts";
 * import { reduceMean } from "../ir/matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 3]);
 * const less = (axis: number) => sub(x, reduceMean(x, { axes: [axis], keepdims: true }));
 * assertEquals([samplesAreSeparate(less(1)), samplesAreSeparate(less(0))], [true, false]);
 * ```
 */
export function samplesAreSeparate(output: Tensor): boolean {
  return !reachable([output]).some(mixesSamples);
}

function mixesSamples(node: AnyNode): boolean {
  const [a, b] = node.inputs;
  const { attributes } = node;
  switch (node.op) {
    case "BatchNormalization":
      return true;
    case "LayerNormalization":
      return isUnknown(a, -1);
    case "Gemm":
      return isUnknown(a, node.attributes.transA ? 0 : 1);
    case "MatMul":
      return isUnknown(a, -1) || isUnknown(b, -2);
  }
  if ("axes" in attributes) return attributes.axes.some((axis) => isUnknown(a, axis));
  if (node.op === "Concat") return node.inputs.some((x) => isUnknown(x, node.attributes.axis));
  return "axis" in attributes && isUnknown(a, attributes.axis);
}

function isUnknown(x: Tensor | undefined, axis: number): boolean {
  return typeof x?.shape.at(axis) === "string";
}
