/**
 * The nodes of a graph, found from the tensors it computes.
 * @module
 */
import type { AnyNode, Tensor } from "./node.ts";

/**
 * All nodes that tensors are computed from, operands before users.
 * @param tensors The tensors.
 */
export function reachable(tensors: readonly Tensor[]): AnyNode[] {
  const found = new Set<AnyNode>();
  const pending: AnyNode[] = tensors.map(({ node }) => node);
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (found.has(node)) continue;
    found.add(node);
    for (const operand of node.inputs) if (operand) pending.push(operand.node);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
