/**
 * Gradients of convolutions: a transposed convolution for the images, one matrix product per
 * entry of the window for the weight.
 *
 * Of `y[n,m,p] = Σ w[m,c,i] x[n,c, s p + d i − pad]` the gradient is
 * `dw[m,c,i] = Σ dy[n,m,p] x[n,c, s p + d i − pad]`. The rows `s q + r` of the padded x with one rest
 * r are an image of their own, a phase. For `d i = s q + r` the sum runs over phase r shifted by q.
 * With zeros after dy, both have the same grid; flattened over rows and columns, a shift is one
 * offset, so that an entry of the window is one slice and one product.
 * @module
 */
import { int64s } from "../ir/create.ts";
import { flatSize, sizeOf } from "../ir/dims.ts";
import { concat, reshape, transpose } from "../ir/layout.ts";
import { gather, slice } from "../ir/indexing.ts";
import { gemm, matMul, reduceSum } from "../ir/matrix.ts";
import type { Node, Tensor } from "../ir/node.ts";
import type { ConvolutionAttributes } from "../ir/ops.ts";
import { conv, type ConvOptions, convTranspose, pad2d } from "../ir/windows.ts";
import { type Gradients, operand } from "./rule.ts";

type Two = readonly [down: number, across: number];

/** A function of both axes. */
function both(of: (axis: 0 | 1) => number): Two {
  return [of(0), of(1)];
}

/** Attributes as options of the functions that models call. */
function optionsOf({ strides, pads, dilations, group }: ConvolutionAttributes): ConvOptions {
  return {
    stride: both((axis) => strides[axis]),
    padding: [pads[0], pads[1], pads[2], pads[3]],
    dilation: both((axis) => dilations[axis]),
    groups: group,
  };
}

/** dX = the transposed convolution of dY, dB = Σ dY. */
export function convGradient(
  node: Node<"Conv">,
  [dy]: Gradients,
  _: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  const [x, weight] = [operand(node, 0), operand(node, 1)];
  return [
    wanted[0] ? imageGradient(node, dy!) : undefined,
    wanted[1] ? weightGradient({ x, y: dy!, weight }, node.attributes) : undefined,
    wanted[2] ? reduceSum(dy!, { axes: [0, 2, 3] }) : undefined,
  ];
}

/**
 * With steps of 1 the transpose is a convolution with the weight turned round, faster by up to half;
 * turning round only pays where the weight is smaller than an image.
 */
function imageGradient(node: Node<"Conv">, dy: Tensor): Tensor {
  const [x, weight] = [operand(node, 0), operand(node, 1)];
  const { strides, pads, dilations } = node.attributes;
  // From the first entry of a window to its last.
  const extent = both((axis) => dilations[axis] * (Number(weight.shape[2 + axis]) - 1));
  const turnable = strides.every((stride) => stride === 1) &&
    pads.every((count, side) => count <= extent[side % 2]) &&
    sizeOf(weight.shape) <= sizeOf(x.shape.slice(1));
  const options = optionsOf(node.attributes);
  if (turnable) {
    const [top, left, bottom, right] = pads.map((count, side) => extent[side % 2] - count);
    return conv(dy, turned(weight, node.attributes.group), {
      ...options,
      padding: [top, left, bottom, right],
    });
  }
  // Rows and columns at the end that no window reaches.
  const outputPadding = both((axis) => {
    const [size, count] = [x, dy].map(({ shape }) => Number(shape[2 + axis]));
    return size + pads[axis] + pads[axis + 2] - ((count - 1) * strides[axis] + extent[axis] + 1);
  });
  return convTranspose(dy, weight, { ...options, outputPadding });
}

/** The weight with inputs and outputs exchanged in each group, and its window upside down. */
function turned(weight: Tensor, group: number): Tensor {
  const [outputs, inputs, height, width] = weight.shape.map(Number);
  const area = height * width;
  const grouped = reshape(weight, [group, outputs / group, inputs, area]);
  const exchanged = transpose(grouped, [0, 2, 1, 3]);
  const backwards = int64s(Array.from({ length: area }, (_, index) => area - 1 - index));
  const reversed = area === 1 ? exchanged : gather(exchanged, backwards, 3);
  return reshape(reversed, [group * inputs, outputs / group, height, width]);
}

/** The transpose of the transpose is the convolution. */
export function convTransposeGradient(
  node: Node<"ConvTranspose">,
  [dy]: Gradients,
  _: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  const [y, weight] = [operand(node, 0), operand(node, 1)];
  return [
    wanted[0] ? conv(dy!, weight, optionsOf(node.attributes)) : undefined,
    wanted[1] ? weightGradient({ x: dy!, y, weight }, node.attributes) : undefined,
  ];
}

/** Operands of {@linkcode weightGradient}, named as in the formula above. */
interface Products {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly weight: Tensor;
}

/** Up to this many entries of all windows, one product of all is faster than one for each. */
const FEW_INPUTS = 256;

function weightGradient({ x, y, weight }: Products, attributes: ConvolutionAttributes): Tensor {
  const { strides, dilations, group } = attributes;
  const [outputs, inputs, ...kernel] = weight.shape.map(Number);
  const furthest = both((axis) => Math.floor(dilations[axis] * (kernel[axis] - 1) / strides[axis]));
  const grid = both((axis) => Number(y.shape[2 + axis]) + furthest[axis]);
  const count = grid[0] * grid[1] - (furthest[0] * grid[1] + furthest[1]);
  const shifted: Tensor[] = []; // [group · inputs, n], one for each entry of the window
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const at = [i * dilations[0], j * dilations[1]];
      const shift = both((axis) => Math.floor(at[axis] / strides[axis]));
      const rest = both((axis) => at[axis] % strides[axis]);
      const offset = shift[0] * grid[1] + shift[1];
      shifted.push(columns(flattenGrid(polyphase(x, rest, { grid, attributes })), offset, count));
    }
  }
  const left = columns(flattenGrid(pad2d(y, [0, 0, ...furthest])), 0, count);
  const area = shifted.length;
  if (group === 1 && inputs * area <= FEW_INPUTS) {
    const products = gemm(left, concat(shifted, 0), { transB: true });
    const split = reshape(products, [outputs, area, inputs]);
    return reshape(transpose(split), weight.shape);
  }
  const entries = shifted.map((right) =>
    reshape(groupedProduct(left, right, group), [1, outputs * inputs])
  );
  return reshape(interleaved(concat(entries, 0)), weight.shape);
}

/** Transposes a matrix of few rows: in blocks that fill a line of the cache, 5 times as fast. */
function interleaved(matrix: Tensor): Tensor {
  const BLOCK = 16;
  const [rows, size] = matrix.shape.map(Number);
  if (size % BLOCK !== 0) return transpose(matrix);
  return transpose(reshape(matrix, [rows, size / BLOCK, BLOCK]), [1, 2, 0]);
}

/** Every stride-th row and column of the padded images from `rest` on, as many as the grid has. */
function polyphase(x: Tensor, rest: Two, { grid, attributes: { strides, pads } }: {
  readonly grid: Two;
  readonly attributes: ConvolutionAttributes;
}): Tensor {
  const [batch, channels, height, width] = x.shape;
  const padded = pad2d(x, [
    pads[0],
    pads[1],
    grid[0] * strides[0] - pads[0] - Number(height),
    grid[1] * strides[1] - pads[1] - Number(width),
  ]);
  const split = reshape(padded, [batch, channels, grid[0], strides[0], grid[1], strides[1]]);
  const rows = slice(split, 3, rest[0], rest[0] + 1);
  return reshape(slice(rows, 5, rest[1], rest[1] + 1), [batch, channels, ...grid]);
}

/** `[channels, batch, height · width]`. */
function flattenGrid(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  return reshape(transpose(x, [1, 0, 2, 3]), [channels, batch, Number(height) * Number(width)]);
}

/** Entries of the last axis from `start` on, as columns of a matrix. */
function columns(x: Tensor, start: number, count: number): Tensor {
  const [channels, batch] = x.shape;
  return reshape(slice(x, 2, start, start + count), [channels, flatSize([batch, count])]);
}

/** `[outputs, n]` times the transpose of `[inputs, n]`, group by group. */
function groupedProduct(left: Tensor, right: Tensor, group: number): Tensor {
  if (group === 1) return gemm(left, right, { transB: true });
  const grouped = (matrix: Tensor) =>
    reshape(matrix, [group, Number(matrix.shape[0]) / group, matrix.shape[1]]);
  return matMul(grouped(left), transpose(grouped(right)));
}
