/**
 * Matrix products, reductions and normalisations.
 * @module
 */
import { apply, applyOne } from "./create.ts";
import { normalizeAxis } from "./dims.ts";
import type { Tensor } from "./node.ts";
import type { OpAttributes } from "./ops.ts";

/**
 * Options of {@linkcode gemm}.
 * @category Products and reductions
 */
export interface GemmOptions {
  /** Added to the product, broadcast. */
  readonly c?: Tensor;
  /** Factor on the product. @default {1} */
  readonly alpha?: number;
  /** Factor on `c`. @default {1} */
  readonly beta?: number;
  /** Whether `a` is transposed. @default {false} */
  readonly transA?: boolean;
  /** Whether `b` is transposed. @default {false} */
  readonly transB?: boolean;
}

/**
 * `alpha · op(a) op(b) + beta · c` on matrices.
 *
 * @example A linear layer
 * ```ts
 * import { constant, evaluate, gemm } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([1, 2], [1, 2]); // [batch, inputs]
 * const weight = constant([3, 4], [1, 2]); // [outputs, inputs]
 * const { data } = await evaluate(gemm(x, weight, { c: constant([10]), transB: true }));
 * assertEquals([...data], [21]);
 * ```
 *
 * @category Products and reductions
 */
export function gemm(a: Tensor, b: Tensor, options: GemmOptions = {}): Tensor {
  const { c, alpha = 1, beta = 1, transA = false, transB = false } = options;
  return applyOne("Gemm", c ? [a, b, c] : [a, b], { alpha, beta, transA, transB });
}

/**
 * Matrix product over the last two axes, broadcasting over the others.
 *
 * @example Two matrices with one
 * ```ts
 * import { constant, evaluate, matMul } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(
 *   matMul(constant([1, 2, 3, 4], [2, 1, 2]), constant([1, 1], [2, 1])),
 * );
 * assertEquals([...data], [3, 7]);
 * ```
 *
 * @category Products and reductions
 */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return applyOne("MatMul", [a, b], {});
}

/**
 * Options of reductions.
 * @category Products and reductions
 */
export interface ReduceOptions {
  /** Axes to reduce, negative ones from the end. @default {all} */
  readonly axes?: readonly number[];
  /** Whether reduced axes stay with size 1. @default {false} */
  readonly keepdims?: boolean;
}

type Reduction = {
  [K in keyof OpAttributes]: OpAttributes[K] extends OpAttributes["ReduceSum"] ? K : never;
}[keyof OpAttributes];

function reduce(op: Reduction, x: Tensor, options: ReduceOptions): Tensor {
  const rank = x.shape.length;
  const axes = options.axes?.map((axis) => normalizeAxis(axis, rank)) ?? x.shape.map((_, i) => i);
  if (axes.length === 0) return x;
  return applyOne(op, [x], { axes, keepdims: options.keepdims ?? false });
}

/**
 * Sum over axes.
 *
 * @example Sums of rows
 * ```ts
 * import { constant, evaluate, reduceSum } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reduceSum(constant([1, 2, 3, 4], [2, 2]), { axes: [1] }));
 * assertEquals([...data], [3, 7]);
 * ```
 *
 * @category Products and reductions
 */
export function reduceSum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceSum", x, options);
}

/**
 * Mean over axes.
 *
 * @example Means of rows
 * ```ts
 * import { constant, evaluate, reduceMean } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reduceMean(constant([1, 2, 3, 4], [2, 2]), { axes: [1] }));
 * assertEquals([...data], [1.5, 3.5]);
 * ```
 *
 * @category Products and reductions
 */
export function reduceMean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMean", x, options);
}

/**
 * Maximum over axes; ties share the gradient evenly, as `torch.amax`.
 *
 * @example Largest of each row
 * ```ts
 * import { constant, evaluate, reduceMax } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reduceMax(constant([1, 2, 3, 4], [2, 2]), { axes: [1] }));
 * assertEquals([...data], [2, 4]);
 * ```
 *
 * @category Products and reductions
 */
export function reduceMax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMax", x, options);
}

/**
 * Minimum over axes; ties share the gradient evenly, as `torch.amin`.
 *
 * @example Smallest of each row
 * ```ts
 * import { constant, evaluate, reduceMin } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reduceMin(constant([1, 2, 3, 4], [2, 2]), { axes: [1] }));
 * assertEquals([...data], [1, 3]);
 * ```
 *
 * @category Products and reductions
 */
export function reduceMin(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMin", x, options);
}

/**
 * Sum of squares over axes.
 *
 * @example Squared lengths of rows
 * ```ts
 * import { constant, evaluate, reduceSumSquare } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reduceSumSquare(constant([1, 2, 3, 4], [2, 2]), { axes: [1] }));
 * assertEquals([...data], [5, 25]);
 * ```
 *
 * @category Products and reductions
 */
export function reduceSumSquare(x: Tensor, options: ReduceOptions = {}): Tensor {
  if (x.shape.length === 0 || options.axes?.length === 0) return applyOne("Mul", [x, x], {});
  return reduce("ReduceSumSquare", x, options);
}

/**
 * Index of the first maximum along an axis, int64.
 *
 * @example The class with the highest logit
 * ```ts
 * import { argMax, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(argMax(constant([1, 5, 3], [1, 3])));
 * assertEquals([...data], [1n]);
 * ```
 *
 * @category Products and reductions
 */
export function argMax(x: Tensor, axis = -1, keepdims = false): Tensor {
  return applyOne("ArgMax", [x], { axis: normalizeAxis(axis, x.shape.length), keepdims });
}

/**
 * Softmax along an axis.
 *
 * @example Equal logits, equal shares
 * ```ts
 * import { constant, evaluate, softmax } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(softmax(constant([7, 7, 7, 7])));
 * assertEquals([...data], [0.25, 0.25, 0.25, 0.25]);
 * ```
 *
 * @category Products and reductions
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return applyOne("Softmax", [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/**
 * Logarithm of the softmax along an axis.
 *
 * @example Logarithms of shares
 * ```ts
 * import { constant, evaluate, logSoftmax } from "@glovita/glovita/engine";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { data } = await evaluate(logSoftmax(constant([7, 7])));
 * assertAlmostEquals(Number(data[0]), Math.log(0.5), 1e-6);
 * ```
 *
 * @category Products and reductions
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return applyOne("LogSoftmax", [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016; `torch.nn.functional.layer_norm`).
 * @param x `[…, width]`.
 * @param weight `[width]`.
 * @param bias `[width]`.
 * @param epsilon Added to the variance.
 *
 * @example Mean 0 and variance 1
 * ```ts
 * import { constant, evaluate, layerNormalization } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const [weight, bias] = [constant([1, 1]), constant([0, 0])];
 * const { data } = await evaluate(layerNormalization(constant([5, 9], [1, 2]), weight, bias, 0));
 * assertEquals([...data], [-1, 1]);
 * ```
 *
 * @category Products and reductions
 */
export function layerNormalization(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): Tensor {
  return apply("LayerNormalization", [x, weight, bias], { epsilon })[0];
}

/**
 * What {@linkcode batchNormalization} computes.
 * @category Products and reductions
 */
export interface BatchNormalized {
  /** Normalised values, of the operand's shape. */
  readonly y: Tensor;
  /** Mean of each channel, `[channels]`. */
  readonly mean: Tensor;
  /** Biased variance of each channel, `[channels]`. */
  readonly variance: Tensor;
}

/**
 * Batch normalisation by the batch's own statistics (Ioffe & Szegedy 2015): as
 * `torch.nn.functional.batch_norm` with `training=True`. No gradient flows through `mean` and
 * `variance`, which are for running statistics.
 * @param x `[batch, channels, …]`.
 * @param weight Scale, `[channels]`.
 * @param bias Shift, `[channels]`.
 * @param epsilon Added to the variance.
 * @throws {TypeError} if weight or bias do not fit.
 *
 * @example One channel of two samples
 * ```ts
 * import { batchNormalization, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([5, 9], [2, 1]);
 * const { y, variance } = batchNormalization(x, constant([1]), constant([0]), 0);
 * assertEquals([...(await evaluate(y)).data], [-1, 1]);
 * assertEquals([...(await evaluate(variance)).data], [4]);
 * ```
 *
 * @category Products and reductions
 */
export function batchNormalization(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): BatchNormalized {
  const [y, mean, variance] = apply("BatchNormalization", [x, weight, bias], { epsilon });
  return { y, mean, variance };
}
