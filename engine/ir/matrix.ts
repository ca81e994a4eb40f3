/**
 * Matrix products, reductions and normalisations.
 * @module
 */
import { apply, applyOne } from "./create.ts";
import { normalizeAxis } from "./dims.ts";
import type { Tensor } from "./node.ts";
import type { OpAttributes } from "./ops.ts";

/** Options of {@linkcode gemm}. */
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

/** `alpha · op(a) op(b) + beta · c` on matrices. */
export function gemm(a: Tensor, b: Tensor, options: GemmOptions = {}): Tensor {
  const { c, alpha = 1, beta = 1, transA = false, transB = false } = options;
  return applyOne("Gemm", c ? [a, b, c] : [a, b], { alpha, beta, transA, transB });
}

/** Matrix product over the last two axes, broadcasting over the others. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return applyOne("MatMul", [a, b], {});
}

/** Options of reductions. */
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

/** Sum over axes. */
export function reduceSum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceSum", x, options);
}

/** Mean over axes. */
export function reduceMean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMean", x, options);
}

/** Maximum over axes; ties share the gradient evenly, as `torch.amax`. */
export function reduceMax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMax", x, options);
}

/** Minimum over axes; ties share the gradient evenly, as `torch.amin`. */
export function reduceMin(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("ReduceMin", x, options);
}

/** Sum of squares over axes. */
export function reduceSumSquare(x: Tensor, options: ReduceOptions = {}): Tensor {
  if (x.shape.length === 0 || options.axes?.length === 0) return applyOne("Mul", [x, x], {});
  return reduce("ReduceSumSquare", x, options);
}

/** Index of the first maximum along an axis, int64. */
export function argMax(x: Tensor, axis = -1, keepdims = false): Tensor {
  return applyOne("ArgMax", [x], { axis: normalizeAxis(axis, x.shape.length), keepdims });
}

/** Softmax along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return applyOne("Softmax", [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Logarithm of the softmax along an axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return applyOne("LogSoftmax", [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016; `torch.nn.functional.layer_norm`).
 * @param x `[…, width]`.
 * @param weight `[width]`.
 * @param bias `[width]`.
 * @param epsilon Added to the variance.
 */
export function layerNormalization(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): Tensor {
  return apply("LayerNormalization", [x, weight, bias], { epsilon })[0];
}
