/**
 * Gradients of pools.
 * @module
 */
import { constant } from "../ir/create.ts";
import { mul } from "../ir/elementwise.ts";
import { reshape, zerosLike } from "../ir/layout.ts";
import { scatterAdd } from "../ir/indexing.ts";
import type { Node, Tensor } from "../ir/node.ts";
import { convTranspose, pad2d } from "../ir/windows.ts";
import { type Gradients, operand } from "./rule.ts";
import { flatSize } from "../ir/dims.ts";

/** Adds the cotangent where the maxima were found: the first of equal ones, as in PyTorch. */
export function maxPoolGradient(
  node: Node<"MaxPool">,
  [dy]: Gradients,
  [, indices]: readonly Tensor[],
): Gradients {
  const x = operand(node, 0);
  const vector = (tensor: Tensor) => reshape(tensor, [flatSize(tensor.shape)]);
  const zeros = vector(zerosLike(x));
  return [reshape(scatterAdd(zeros, vector(indices), vector(dy!), 0), x.shape, x)];
}

/** Spreads the cotangent, divided by the size of its window, over the window; channel by channel. */
export function averagePoolGradient(node: Node<"AveragePool">, [dy]: Gradients): Gradients {
  const x = operand(node, 0);
  const { kernel_shape: [height, width], strides, pads } = node.attributes;
  const [batch, channels, ...counts] = dy!.shape;
  const [rows, columns] = [windowSizes(node, 0), windowSizes(node, 1)];
  const shares = rows.flatMap((row) => columns.map((column) => 1 / (row * column)));
  const shared = mul(dy!, constant(shares, [rows.length, columns.length]));
  const single = reshape(shared, [flatSize([batch, channels]), 1, ...counts]);
  const ones = constant(Array(height * width).fill(1), [1, 1, height, width]);
  const padded = convTranspose(single, ones, { stride: [strides[0], strides[1]] });
  const [bottom, right] = [0, 1].map((axis) =>
    Number(x.shape[2 + axis]) - Number(padded.shape[2 + axis]) + pads[axis]
  );
  return [reshape(pad2d(padded, [-pads[0], -pads[1], bottom, right]), x.shape, x)];
}

/** How many entries of an axis each window divides by. */
function windowSizes(node: Node<"AveragePool">, axis: number): number[] {
  const { kernel_shape, strides, pads, count_include_pad } = node.attributes;
  const size = Number(operand(node, 0).shape[2 + axis]);
  const [before, after] = count_include_pad ? [pads[axis], pads[axis + 2]] : [0, 0];
  return Array.from({ length: Number(node.types[0].shape[2 + axis]) }, (_, window) => {
    const start = window * strides[axis] - pads[axis];
    return Math.min(start + kernel_shape[axis], size + after) - Math.max(start, -before);
  });
}
