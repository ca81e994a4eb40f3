/**
 * Functions that move windows over images `[batch, channels, height, width]`: convolutions, pools
 * and padding. Names, defaults and results are PyTorch's (`torch.nn.functional`).
 * @module
 */
import { applyOne, int64s } from "./create.ts";
import { formatShape } from "./dims.ts";
import { concat } from "./layout.ts";
import { slice } from "./indexing.ts";
import type { Tensor } from "./node.ts";
import type { PoolAttributes } from "./ops.ts";

/**
 * One number for both axes, or height and width.
 * @category Convolution and pooling
 */
export type Pair = number | readonly [number, number];

/**
 * One number for all sides, one for rows and one for columns, or top, left, bottom, right.
 * @category Convolution and pooling
 */
export type Padding = Pair | readonly [number, number, number, number];

/**
 * How windows move.
 * @category Convolution and pooling
 */
export interface WindowOptions {
  /** Steps between windows. @default {1 for convolutions, the window for pools} */
  readonly stride?: Pair;
  /** Rows and columns added around the image. @default {0} */
  readonly padding?: Padding;
}

/**
 * Options of {@linkcode conv}.
 * @category Convolution and pooling
 */
export interface ConvOptions extends WindowOptions {
  /** Added to each output channel, `[outputs]`. */
  readonly bias?: Tensor;
  /** Steps within a window. @default {1} */
  readonly dilation?: Pair;
  /** Number of groups that channels are divided into. @default {1} */
  readonly groups?: number;
}

/**
 * Options of {@linkcode convTranspose}.
 * @category Convolution and pooling
 */
export interface ConvTransposeOptions extends Omit<ConvOptions, "bias"> {
  /** Rows and columns that the result has more at the bottom and on the right. @default {0} */
  readonly outputPadding?: Pair;
}

/**
 * Options of {@linkcode maxPool}.
 * @category Convolution and pooling
 */
export interface PoolOptions extends WindowOptions {
  /** Whether what is left at the end gets a window of its own. @default {false} */
  readonly ceilMode?: boolean;
}

/**
 * Options of {@linkcode averagePool}.
 * @category Convolution and pooling
 */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as zeros. @default {true} */
  readonly countIncludePad?: boolean;
}

function pair(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function sides(padding: Padding): readonly [number, number, number, number] {
  if (typeof padding === "object" && padding.length === 4) return padding;
  const [rows, columns] = pair(padding);
  return [rows, columns, rows, columns];
}

/**
 * Convolution (cross-correlation) with a window of weights (`conv2d`).
 * @param x `[batch, inputs, height, width]`; only the batch may be a symbol.
 * @param weight `[outputs, inputs / groups, height, width]`.
 * @param options Bias, stride, padding, dilation and groups.
 * @returns `[batch, outputs, height, width]`.
 *
 * @example
 * ```ts
 * import { conv, input } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const images = input("images", "float32", ["batch", 3, 224, 224]);
 * const weight = input("weight", "float32", [64, 3, 7, 7]);
 * const maps = conv(images, weight, { stride: 2, padding: 3 });
 * assertEquals(maps.shape, ["batch", 64, 112, 112]);
 * ```
 *
 * @category Convolution and pooling
 */
export function conv(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  return applyOne("Conv", bias ? [x, weight, bias] : [x, weight], {
    strides: pair(stride),
    pads: sides(padding),
    dilations: pair(dilation),
    group: groups,
  });
}

/**
 * The transpose of {@linkcode conv} as a linear map of its images (`conv_transpose2d`).
 * @param x `[batch, inputs, height, width]`; only the batch may be a symbol.
 * @param weight `[inputs, outputs / groups, height, width]`.
 * @param options Stride, padding, dilation, groups and output padding.
 * @returns `[batch, outputs, height, width]`.
 *
 * @example Every pixel becomes a window
 * ```ts
 * import { constant, convTranspose, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([1, 2], [1, 1, 1, 2]);
 * const weight = constant([1, 1], [1, 1, 1, 2]);
 * const { data } = await evaluate(convTranspose(x, weight, { stride: 2 }));
 * assertEquals([...data], [1, 1, 2, 2]);
 * ```
 *
 * @category Convolution and pooling
 */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  options: ConvTransposeOptions = {},
): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
  return applyOne("ConvTranspose", [x, weight], {
    strides: pair(stride),
    pads: sides(padding),
    dilations: pair(dilation),
    group: groups,
    output_padding: pair(outputPadding),
  });
}

function poolAttributes(kernel: Pair, options: PoolOptions): PoolAttributes {
  const { stride = kernel, padding = 0, ceilMode = false } = options;
  return {
    kernel_shape: pair(kernel),
    strides: pair(stride),
    pads: sides(padding),
    ceil_mode: ceilMode,
  };
}

/**
 * Largest value of each window (`max_pool2d`); the gradient goes to the first of equal ones.
 * @param x `[batch, channels, height, width]`; only the batch may be a symbol.
 * @param kernel Size of the window.
 * @param options Stride, padding, which never wins, and ceil mode.
 *
 * @example Largest of pairs
 * ```ts
 * import { constant, evaluate, maxPool } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(maxPool(constant([1, 4, 3, 2], [1, 1, 1, 4]), [1, 2]));
 * assertEquals([...data], [4, 3]);
 * ```
 *
 * @category Convolution and pooling
 */
export function maxPool(x: Tensor, kernel: Pair, options: PoolOptions = {}): Tensor {
  return applyOne("MaxPool", [x], poolAttributes(kernel, options));
}

/**
 * Mean of each window (`avg_pool2d`).
 * @param x `[batch, channels, height, width]`; only the batch may be a symbol.
 * @param kernel Size of the window.
 * @param options Stride, padding, whether it counts, and ceil mode.
 *
 * @example Means of pairs
 * ```ts
 * import { averagePool, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(averagePool(constant([1, 3, 5, 9], [1, 1, 1, 4]), [1, 2]));
 * assertEquals([...data], [2, 7]);
 * ```
 *
 * @category Convolution and pooling
 */
export function averagePool(x: Tensor, kernel: Pair, options: AveragePoolOptions = {}): Tensor {
  const { countIncludePad = true } = options;
  const attributes = { ...poolAttributes(kernel, options), count_include_pad: countIncludePad };
  return applyOne("AveragePool", [x], attributes);
}

/**
 * Adds rows and columns around images (`pad`).
 * @param x `[batch, channels, height, width]`; only the batch may be a symbol.
 * @param padding How many; with zeros, negative numbers take away.
 * @param mode Zeros, or the image mirrored at its outermost rows and columns.
 * @throws {RangeError} if the image is too small to mirror.
 *
 * @example A mirrored border
 * ```ts
 * import { constant, evaluate, pad2d } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(pad2d(constant([1, 2, 3], [1, 1, 1, 3]), [0, 1], "reflect"));
 * assertEquals([...data], [2, 1, 2, 3, 2]);
 * ```
 *
 * @category Convolution and pooling
 */
export function pad2d(
  x: Tensor,
  padding: Padding,
  mode: "constant" | "reflect" = "constant",
): Tensor {
  const [top, left, bottom, right] = sides(padding);
  if (mode === "reflect") return mirrored(mirrored(x, 2, [top, bottom]), 3, [left, right]);
  if ([top, left, bottom, right].every((count) => count === 0)) return x;
  const [batch, channels, height, width] = x.shape;
  const shape = [batch, channels, top + Number(height) + bottom, left + Number(width) + right];
  return applyOne("Pad", [x, int64s([0, 0, top, left, 0, 0, bottom, right])], { shape });
}

/** Rows `before` … 1 of an axis, the axis, and as many from the other end. */
function mirrored(x: Tensor, axis: number, [before, after]: readonly [number, number]): Tensor {
  const size = Number(x.shape[axis]);
  if (Math.max(before, after) >= size) {
    throw new RangeError(
      `Cannot mirror ${Math.max(before, after)} rows or columns of ${formatShape(x.shape)}`,
    );
  }
  const entry = (index: number) => slice(x, axis, index, index + 1);
  return concat([
    ...Array.from({ length: before }, (_, i) => entry(before - i)),
    x,
    ...Array.from({ length: after }, (_, i) => entry(size - 2 - i)),
  ], axis);
}
