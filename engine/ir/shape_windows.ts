/**
 * Shape rules of the operators that move windows over images `[batch, channels, height, width]`.
 * Only the batch may be a symbol: what windows read depends on sizes.
 * @module
 */
import { expectDtype, type Operands, required } from "./_operands.ts";
import { formatShape, sameShape } from "./dims.ts";
import type { Tensor } from "./node.ts";
import type { Dim, TensorType } from "./types.ts";
import type { ConvolutionAttributes, OpAttributes, PoolAttributes } from "./ops.ts";

type Images = readonly [batch: Dim, channels: number, height: number, width: number];

/** Sizes of an image's axes, or of a weight's: four, of which the last three are known. */
function images({ shape }: Tensor, op: string): Images {
  if (shape.length !== 4 || shape.slice(1).some((dim) => typeof dim !== "number")) {
    throw new TypeError(
      `Cannot apply ${op}: expected four axes, known but for the first, received ${
        formatShape(shape)
      }`,
    );
  }
  return shape as unknown as Images;
}

/** The operands of a convolution, of one element type. */
function imageAndWeight(operands: Operands, op: string): readonly [Tensor, Tensor] {
  const [x, weight] = [required(operands, 0, op), required(operands, 1, op)];
  expectDtype(weight, x.dtype, op);
  return [x, weight];
}

function expectOne(count: number, operands: string, op: string): void {
  if (count < 1) throw new TypeError(`Cannot apply ${op}: the window is larger than ${operands}`);
}

/** Channels of both operands of a convolution. */
function expectGroups(
  [channels, weights]: readonly [number, number],
  group: number,
  op: string,
): void {
  if (!Number.isInteger(weights / group) || channels !== weights) {
    throw new TypeError(
      `Cannot apply ${op}: ${channels} channels and weights for ${weights} in ${group} groups differ`,
    );
  }
}

/** Number of entries that a window spans along an axis. */
function span(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/** `⌊(size + pads − span) / stride⌋ + 1` per axis. */
export function convolved(operands: Operands, attributes: ConvolutionAttributes): TensorType {
  const { strides, pads, dilations, group } = attributes;
  const [x, weight] = imageAndWeight(operands, "Conv");
  const [batch, channels, ...sizes] = images(x, "Conv");
  const [outputs, inputs, ...kernel] = images(weight, "Conv");
  const bias = operands[2];
  if (bias) expectDtype(bias, x.dtype, "Conv");
  expectGroups([channels, inputs * group], group, "Conv");
  if (!Number.isInteger(Number(outputs) / group)) {
    throw new TypeError(`Cannot apply Conv: ${outputs} outputs do not divide into ${group} groups`);
  }
  if (bias && !sameShape(bias.shape, [outputs])) {
    throw new TypeError(
      `Cannot apply Conv: bias ${formatShape(bias.shape)} does not fit ${outputs} outputs`,
    );
  }
  const counts = sizes.map((size, axis) => {
    const room = size + pads[axis] + pads[axis + 2] - span(kernel[axis], dilations[axis]);
    return Math.floor(room / strides[axis]) + 1;
  });
  expectOne(Math.min(...counts), formatShape(x.shape), "Conv");
  return { dtype: x.dtype, shape: [batch, outputs, ...counts] };
}

/** `(size − 1) stride + span − pads + output padding` per axis. */
export function transposedConvolution(
  operands: Operands,
  attributes: OpAttributes["ConvTranspose"],
): TensorType {
  const { strides, pads, dilations, group, output_padding } = attributes;
  const [x, weight] = imageAndWeight(operands, "ConvTranspose");
  const [batch, channels, ...sizes] = images(x, "ConvTranspose");
  const [inputs, outputs, ...kernel] = images(weight, "ConvTranspose");
  expectGroups([channels, Number(inputs)], group, "ConvTranspose");
  const result = sizes.map((size, axis) =>
    (size - 1) * strides[axis] + span(kernel[axis], dilations[axis]) - pads[axis] -
    pads[axis + 2] + output_padding[axis]
  );
  expectOne(Math.min(...result), formatShape(x.shape), "ConvTranspose");
  return { dtype: x.dtype, shape: [batch, outputs * group, ...result] };
}

/**
 * Number of windows along an axis of a pool. In ceil mode a last window that starts in the padding
 * after the last entry is left out, as in PyTorch.
 */
function windowCount(axis: number, size: number, attributes: PoolAttributes): number {
  const { strides, pads, kernel_shape, ceil_mode } = attributes;
  const room = size + pads[axis] + pads[axis + 2] - kernel_shape[axis];
  if (!ceil_mode) return Math.floor(room / strides[axis]) + 1;
  const count = Math.ceil(room / strides[axis]) + 1;
  return (count - 1) * strides[axis] >= size + pads[axis] ? count - 1 : count;
}

/** One value a window. */
export function pooled(operands: Operands, attributes: PoolAttributes, op: string): TensorType {
  const x = required(operands, 0, op);
  const [batch, channels, ...sizes] = images(x, op);
  const counts = sizes.map((size, axis) => windowCount(axis, size, attributes));
  expectOne(Math.min(...counts), formatShape(x.shape), op);
  return { dtype: x.dtype, shape: [batch, channels, ...counts] };
}
