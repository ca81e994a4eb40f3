/**
 * Gradients of the operators that move values: parts of the cotangent, zeros around it, sums of it.
 * @module
 */
import { applyOne, int64s } from "../ir/create.ts";
import * as e from "../ir/elementwise.ts";
import * as l from "../ir/layout.ts";
import * as indexing from "../ir/indexing.ts";
import type { Node, Tensor } from "../ir/node.ts";
import type { Dim } from "../ir/types.ts";
import { type Gradients, operand } from "./rule.ts";
import { flatSize } from "../ir/dims.ts";

/** Splits the cotangent where the operands were joined. */
export function concatGradient(node: Node<"Concat">, [dy]: Gradients): Gradients {
  const { axis } = node.attributes;
  let start = int64s([0]);
  return node.inputs.map((part) => {
    const end = addIndices(start, axisSize(part!, axis));
    const piece = sliceBetween(dy!, start, end, axis, part!.shape[axis]);
    start = end;
    return piece;
  });
}

/** Values of an int64 tensor that are known when the graph is built. */
export function knownIntegers({ node }: Tensor): number[] | undefined {
  return node.op === "Constant" ? Array.from(node.attributes.values, Number) : undefined;
}

/** Sum of two int64 vectors, at once where both are known. */
function addIndices(a: Tensor, b: Tensor): Tensor {
  const [left, right] = [knownIntegers(a), knownIntegers(b)];
  return left && right ? int64s(left.map((value, i) => value + right[i])) : e.add(a, b);
}

/** Size of an axis as an int64 vector of one entry. */
function axisSize(x: Tensor, axis: number): Tensor {
  const size = x.shape[axis];
  return typeof size === "number" ? int64s([size]) : l.reshape(l.sizeOfAxis(x, axis), [1]);
}

function sliceBetween(x: Tensor, start: Tensor, end: Tensor, axis: number, size: Dim): Tensor {
  return applyOne("Slice", [x, start, end, int64s([axis])], { axis, size });
}

/** Zeros around the cotangent. */
export function sliceGradient(node: Node<"Slice">, [dy]: Gradients): Gradients {
  const [x, start, end] = [operand(node, 0), operand(node, 1), operand(node, 2)];
  const { axis } = node.attributes;
  const rank = x.shape.length;
  const [known, size] = [knownIntegers(end), x.shape[axis]];
  const after = known && typeof size === "number"
    ? int64s([size - known[0]])
    : e.sub(axisSize(x, axis), end);
  const other = (count: number) => int64s(Array(count).fill(0));
  const pads = joinIndices([other(axis), start, other(rank - 1), after, other(rank - axis - 1)]);
  return [applyOne("Pad", [dy, pads], { shape: x.shape })];
}

/** Joins int64 vectors, at once where all are known. */
function joinIndices(parts: readonly Tensor[]): Tensor {
  const known = parts.map(knownIntegers);
  if (known.every((values) => values !== undefined)) return int64s(known.flat());
  const filled = parts.filter(({ shape }) => shape[0] !== 0);
  return l.concat(filled, 0);
}

/** What lies between the pads: a negative pad takes away. */
export function padGradient(node: Node<"Pad">, [dy]: Gradients): Gradients {
  const pads = operand(node, 1);
  const known = knownIntegers(pads);
  const opposite = known ? int64s(known.map((size) => -size)) : e.neg(pads);
  return [applyOne("Pad", [dy, opposite], { shape: operand(node, 0).shape })];
}

/** The order of axes that undoes another. */
export function inversePermutation(perm: readonly number[]): number[] {
  const inverse = Array<number>(perm.length);
  for (const [to, from] of perm.entries()) inverse[from] = to;
  return inverse;
}

/** Adds the cotangent's rows back to where they were read. */
export function gatherGradient(node: Node<"Gather">, [dy]: Gradients): Gradients {
  const [x, indices] = [operand(node, 0), operand(node, 1)];
  const { axis } = node.attributes;
  const tail = x.shape.slice(axis + 1);
  const head = x.shape.slice(0, axis);
  const count = flatSize(indices.shape);
  const updates = l.reshape(dy!, [...head, count, ...tail]);
  const lifted = l.reshape(indices, [
    ...head.map(() => 1),
    count,
    ...tail.map(() => 1),
  ]);
  const spreadIndices = l.expand(lifted, updates.shape, updates);
  return [indexing.scatterAdd(l.zerosLike(x), spreadIndices, updates, axis)];
}

/** Reads the cotangent where updates were added; passes it on for the target. */
export function scatterGradient(
  node: Node<"ScatterElements">,
  [dy]: Gradients,
  _: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  const { axis, reduction } = node.attributes;
  if (reduction !== "add") {
    throw new TypeError(`Cannot differentiate ScatterElements: reduction is "${reduction}"`);
  }
  const indices = operand(node, 1);
  return [dy, undefined, wanted[2] ? indexing.gatherElements(dy!, indices, axis) : undefined];
}
