/**
 * Reverse-mode differentiation: a walk over the graph that makes more graph.
 * @module
 */
import { onBehalfOf } from "../fault.ts";
import type { AnyNode, Node, Tensor } from "../ir/node.ts";
import type { OpName } from "../ir/ops.ts";
import { isFloat } from "../ir/create.ts";
import { formatShape, sameShape } from "../ir/dims.ts";
import { inPart } from "../ir/part.ts";
import { reachable } from "../ir/reachable.ts";
import { reshape, zerosLike } from "../ir/layout.ts";
import { reduceSum } from "../ir/matrix.ts";
import { addGradients } from "./add_gradients.ts";
import { gradientRules, one } from "./gradients.ts";
import type { GradientRule, Gradients } from "./rule.ts";
import { sumLeading } from "./sum_leading.ts";

/**
 * Builds the gradients of a scalar with respect to tensors.
 *
 * Only what lies between `wrt` and `loss` is walked, so nothing is computed for data or frozen
 * parameters.
 *
 * @param loss Scalar to differentiate, shape `[]`.
 * @param wrt Tensors to differentiate with respect to, usually parameters.
 * @returns One gradient per entry of `wrt`, of its shape; zeros where the loss does not depend on it.
 * @throws {TypeError} if `loss` is not a scalar, or an operator on the way has no gradient.
 * @throws {PartError} instead, if a part made that operator.
 *
 * @example The gradient of Σx² is 2x
 * ```ts
 * import { gradients, input, mul, reduceSum } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", [3]);
 * const [dx] = gradients(reduceSum(mul(x, x)), [x]);
 * assertEquals(dx.shape, [3]);
 * ```
 *
 * @category Gradients
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0) {
    throw new TypeError(`Cannot differentiate a tensor of shape ${formatShape(loss.shape)}`);
  }
  const path = nodesBetween(wrt, loss);
  const members = new Set(path);
  const cotangents = new Map<AnyNode, (Tensor | undefined)[]>();
  accumulate(cotangents, loss, one(loss));
  for (const node of path.toReversed()) {
    const received = cotangents.get(node);
    if (!received || node.inputs.length === 0) continue;
    const wanted = node.inputs.map((operand) => needs(members, operand));
    if (!wanted.includes(true)) continue;
    const flowing = onBehalfOf(
      node.part,
      () => inPart(node.part, () => applyRule(node, received, wanted)),
    );
    for (const [index, operand] of node.inputs.entries()) {
      const cotangent = flowing[index];
      if (operand && cotangent && wanted[index]) {
        accumulate(cotangents, operand, unbroadcast(cotangent, operand));
      }
    }
  }
  return wrt.map((tensor) => cotangents.get(tensor.node)?.[tensor.output] ?? zerosLike(tensor));
}

function applyRule<K extends OpName>(
  node: AnyNode & { op: K },
  cotangents: Gradients,
  wanted: readonly boolean[],
): Gradients {
  const typed = node as unknown as Node<K>;
  const outputs = node.types.map(({ dtype, shape }, output) => ({ node, output, dtype, shape }));
  const rule: GradientRule<K> = gradientRules[typed.op];
  return rule(typed, cotangents, outputs, wanted);
}

/** Nodes that lead to `loss` and depend on `wrt` in a way that gradients take, operands first. */
function nodesBetween(wrt: readonly Tensor[], loss: Tensor): readonly AnyNode[] {
  const targets = new Set(wrt.map(({ node }) => node));
  const depends = new Map<AnyNode, boolean>();
  const order = reachable([loss]);
  for (const node of order) {
    const through = !isDetached(node) &&
      node.inputs.some((operand) => operand && isFloat(operand.dtype) && depends.get(operand.node));
    depends.set(node, targets.has(node) || through);
  }
  return order.filter((node) => depends.get(node));
}

function isDetached(node: AnyNode): boolean {
  return node.op === "Identity" && node.attributes.detached;
}

function needs(members: ReadonlySet<AnyNode>, operand: Tensor | undefined): boolean {
  return operand !== undefined && isFloat(operand.dtype) && members.has(operand.node);
}

function accumulate(
  cotangents: Map<AnyNode, (Tensor | undefined)[]>,
  { node, output }: Tensor,
  cotangent: Tensor,
): void {
  const received = cotangents.get(node) ?? Array(node.types.length).fill(undefined);
  received[output] = received[output] ? addGradients(received[output], cotangent) : cotangent;
  cotangents.set(node, received);
}

/** Sums a cotangent over the axes along which its operand was broadcast. */
function unbroadcast(cotangent: Tensor, operand: Tensor): Tensor {
  if (sameShape(cotangent.shape, operand.shape)) return cotangent;
  const extra = cotangent.shape.length - operand.shape.length;
  const axes = cotangent.shape.flatMap((dim, axis) => {
    const target = axis < extra ? 1 : operand.shape[axis - extra];
    return axis < extra || (target === 1 && dim !== 1) ? [axis] : [];
  });
  const leading = axes.length > 0 && axes.every((axis, index) => axis === index);
  const summed = leading
    ? sumLeading(cotangent, axes.length)
    : reduceSum(cotangent, { axes, keepdims: extra === 0 });
  return reshape(summed, operand.shape);
}
