/**
 * Whether two parts of a graph compute the same.
 * @module
 */
import { sameShape } from "./dims.ts";
import type { AnyNode, Tensor } from "./node.ts";

/**
 * Tells whether two values are computed by the same operators from the same inputs. They may be equal
 * in another way.
 * @param a A value.
 * @param b Another one, the smaller graph.
 */
export function isSameValue(a: Tensor, b: Tensor): boolean {
  if (a.output !== b.output) return false;
  if (a.node === b.node) return true;
  return isSameNode(a.node, b.node) && a.node.inputs.every((operand, index) => {
    const other = b.node.inputs[index];
    if (operand === undefined || other === undefined) return operand === other;
    return isSameValue(operand, other);
  });
}

function isSameNode(a: AnyNode, b: AnyNode): boolean {
  if (a.op !== b.op || a.inputs.length !== b.inputs.length) return false;
  if (a.op !== "Constant" || b.op !== "Constant") {
    return JSON.stringify(a.attributes) === JSON.stringify(b.attributes);
  }
  const [first, second] = [a.attributes, b.attributes];
  return first.dtype === second.dtype && sameShape(first.shape, second.shape) &&
    first.values.every((value, index) => value === second.values[index]);
}
