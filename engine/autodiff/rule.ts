/**
 * What every gradient rule takes and returns.
 * @module
 */
import type { Node, Tensor } from "../ir/node.ts";
import type { OpName } from "../ir/ops.ts";

/** Cotangents of operands, in the order of the operands. */
export type Gradients = readonly (Tensor | undefined)[];

/**
 * Maps the cotangents of a node's outputs to those of its operands.
 * @param node The node.
 * @param cotangents Cotangent of each output, `undefined` for outputs that do not matter.
 * @param outputs The node's outputs, for rules that reuse them.
 * @param wanted Which operands need a gradient.
 */
export type GradientRule<K extends OpName> = (
  node: Node<K>,
  cotangents: Gradients,
  outputs: readonly Tensor[],
  wanted: readonly boolean[],
) => Gradients;

/** Operand `index` of a node whose operand cannot be left out. */
export function operand(node: Node, index: number): Tensor {
  return node.inputs[index]!;
}
