/**
 * Whether a graph is an affine map of one of its inputs, by its operators.
 * @module
 */
import type { AnyNode, Tensor } from "../ir/node.ts";
import type { OpName } from "../ir/ops.ts";
import { reachable } from "../ir/reachable.ts";

/** Operators that are linear in all operands together. */
const LINEAR: ReadonlySet<OpName> = new Set<OpName>([
  "Add",
  "Sub",
  "Neg",
  "Identity",
  "Reshape",
  "Transpose",
  "Expand",
  "Slice",
  "Concat",
  "ReduceSum",
  "ReduceMean",
]);

/** Operators that are linear in their first operand, or in their second one. */
const BILINEAR: ReadonlySet<OpName> = new Set<OpName>(["Mul", "MatMul", "Gemm"]);

/**
 * Tells whether a value is an affine map of an input. Where the answer is no, it may be one in
 * another way than by its operators.
 * @param value The value.
 * @param of The input.
 */
export function isAffine(value: Tensor, of: Tensor): boolean {
  const varying = new Set<AnyNode>([of.node]);
  for (const node of reachable([value])) {
    // A shape does not vary with the numbers.
    if (node.op === "Shape") continue;
    const varies = node.inputs.map((operand) => operand !== undefined && varying.has(operand.node));
    if (!varies.includes(true)) continue;
    if (!isLinear(node, varies)) return false;
    varying.add(node);
  }
  return true;
}

function isLinear({ op }: AnyNode, [first, second]: readonly boolean[]): boolean {
  if (LINEAR.has(op)) return true;
  if (BILINEAR.has(op)) return !(first && second);
  return op === "Div" && !second;
}
