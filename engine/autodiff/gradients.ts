/**
 * One gradient rule per operator: from the cotangents of a node's outputs to those of its operands.
 *
 * A rule returns one entry per operand, `undefined` where no gradient flows. It may return a
 * gradient in the broadcast shape: the walk in `backward.ts` sums it back to the operand's. Rules
 * only compute what {@linkcode GradientRule}'s `wanted` asks for.
 * @module
 */
import { applyOne, constant, isFloat, scalar } from "../ir/create.ts";
import { flatSize, sizeOf } from "../ir/dims.ts";
import * as e from "../ir/elementwise.ts";
import * as logic from "../ir/logic.ts";
import * as l from "../ir/layout.ts";
import * as indexing from "../ir/indexing.ts";
import * as m from "../ir/matrix.ts";
import type { Node, Tensor } from "../ir/node.ts";
import type { OpName, ReduceAttributes } from "../ir/ops.ts";
import { batchNormalizationGradient } from "./batch_normalization.ts";
import { convGradient, convTransposeGradient } from "./convolution_gradients.ts";
import { layerNormalizationGradient } from "./layer_normalization.ts";
import {
  concatGradient,
  gatherGradient,
  inversePermutation,
  padGradient,
  scatterGradient,
  sliceGradient,
} from "./layout_gradients.ts";
import { type GradientRule, type Gradients, operand } from "./rule.ts";
import { averagePoolGradient, maxPoolGradient } from "./pool_gradients.ts";

const none = (): Gradients => [];

/** Rule of an elementwise function of one operand: cotangent times derivative. */
function unary(
  derivative: (dy: Tensor, x: Tensor, y: Tensor) => Tensor,
): (node: Node, cotangents: Gradients, outputs: readonly Tensor[]) => Gradients {
  return (node, [dy], [y]) => [derivative(dy!, operand(node, 0), y)];
}

/** Rule of an elementwise function of two operands. */
function binary(
  left: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
  right: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
): (
  node: Node,
  cotangents: Gradients,
  outputs: readonly Tensor[],
  wanted: readonly boolean[],
) => Gradients {
  return (node, [dy], [y], wanted) => {
    const [a, b] = [operand(node, 0), operand(node, 1)];
    return [
      wanted[0] ? left(dy!, a, b, y) : undefined,
      wanted[1] ? right(dy!, a, b, y) : undefined,
    ];
  };
}

/** 1 where the condition holds, 0 elsewhere. */
function indicator(condition: Tensor, like: Tensor): Tensor {
  return e.cast(condition, like.dtype);
}

/** Gradient of max and min: all to the winner, half to each on a tie. */
function winner(
  wins: (x: Tensor, other: Tensor) => Tensor,
): (dy: Tensor, x: Tensor, other: Tensor) => Tensor {
  return (dy, x, other) =>
    e.mul(
      dy,
      e.add(indicator(wins(x, other), dy), e.mul(indicator(logic.equal(x, other), dy), 0.5)),
    );
}

const larger = winner(logic.greater);
const smaller = winner(logic.less);

/** Puts reduced axes back with size 1, where broadcasting would not do so itself. */
function keepDims(reduced: Tensor, x: Tensor, { axes, keepdims }: ReduceAttributes): Tensor {
  if (keepdims || axes.every((axis, index) => axis === index)) return reduced;
  return l.reshape(reduced, x.shape.map((dim, axis) => axes.includes(axis) ? 1 : dim));
}

/** Repeats a cotangent along the axes that were reduced. */
function expandReduced(cotangent: Tensor, x: Tensor, attributes: ReduceAttributes): Tensor {
  return l.expand(keepDims(cotangent, x, attributes), x.shape, x);
}

/** Number of elements that each reduced value stands for, as a scalar. */
function reducedCount(x: Tensor, axes: readonly number[]): Tensor {
  const sizes = axes.map((axis) => x.shape[axis]);
  if (sizes.every((size) => typeof size === "number")) return scalar(sizeOf(sizes), x.dtype);
  const count = axes
    .map((axis) => l.sizeOfAxis(x, axis))
    .reduce((product, size) => e.mul(product, size));
  return e.cast(count, x.dtype);
}

/** d max(x): shared evenly by all entries that attain it. */
function extremum(
  node: Node<"ReduceMax"> | Node<"ReduceMin">,
  [dy]: Gradients,
  [y]: readonly Tensor[],
): Gradients {
  const x = operand(node, 0);
  const { axes } = node.attributes;
  const attained = indicator(logic.equal(x, keepDims(y, x, node.attributes)), x);
  const ties = m.reduceSum(attained, { axes, keepdims: true });
  return [e.mul(e.div(keepDims(dy!, x, node.attributes), ties), attained)];
}

/** dA = dY Bᵀ, dB = Aᵀ dY; a matrix against a batch is one product of matrices. */
function matMul(
  node: Node<"MatMul">,
  [dy]: Gradients,
  _: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const asMatrices = b.shape.length === 2 && a.shape.length > 2;
  const rightGradient = () =>
    asMatrices ? m.gemm(flatten(a), flatten(dy!), { transA: true }) : m.matMul(l.transpose(a), dy!);
  return [
    wanted[0] ? m.matMul(dy!, l.transpose(b)) : undefined,
    wanted[1] ? rightGradient() : undefined,
  ];
}

/** Rows of the last axis as a matrix. */
function flatten(x: Tensor): Tensor {
  const [rows, width] = [x.shape.slice(0, -1), x.shape.at(-1)!];
  return l.reshape(x, [flatSize(rows), width]);
}

/** The four transpose cases of Y = α op(A) op(B) + β C. */
function gemm(
  node: Node<"Gemm">,
  [dy]: Gradients,
  _: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const { alpha, beta, transA, transB } = node.attributes;
  const left = () =>
    transA
      ? m.gemm(b, dy!, { alpha, transA: transB, transB: true })
      : m.gemm(dy!, b, { alpha, transB: !transB });
  const right = () =>
    transB
      ? m.gemm(dy!, a, { alpha, transA: true, transB: transA })
      : m.gemm(a, dy!, { alpha, transA: !transA });
  return [
    wanted[0] ? left() : undefined,
    wanted[1] ? right() : undefined,
    wanted[2] ? (beta === 1 ? dy! : e.mul(dy!, beta)) : undefined,
  ];
}

/** dX = Y ⊙ (dY − Σ dY ⊙ Y). */
function softmax(node: Node<"Softmax">, [dy]: Gradients, [y]: readonly Tensor[]): Gradients {
  const weighted = e.mul(dy!, y);
  const total = m.reduceSum(weighted, { axes: [node.attributes.axis], keepdims: true });
  return [e.sub(weighted, e.mul(y, total))];
}

/** dX = dY − softmax(X) Σ dY. */
function logSoftmax(node: Node<"LogSoftmax">, [dy]: Gradients, [y]: readonly Tensor[]): Gradients {
  const total = m.reduceSum(dy!, { axes: [node.attributes.axis], keepdims: true });
  return [e.sub(dy!, e.mul(e.exp(y), total))];
}

/** Φ(x) + x φ(x), or the derivative of the tanh approximation. */
function gelu(node: Node<"Gelu">, [dy]: Gradients): Gradients {
  const x = operand(node, 0);
  if (node.attributes.approximate === "none") {
    const u = e.mul(x, Math.SQRT1_2);
    const cdf = e.mul(e.add(e.erf(u), 1), 0.5);
    const slope = e.mul(u, e.exp(e.sub(-0.5 * Math.log(Math.PI), e.mul(u, u))));
    return [e.mul(dy!, e.add(cdf, slope))];
  }
  const [scale, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = e.mul(x, x);
  const t = e.tanh(e.mul(e.mul(x, e.add(e.mul(square, cubic), 1)), scale));
  const inner = e.mul(e.add(e.mul(square, 3 * cubic), 1), scale);
  const slope = e.mul(e.mul(x, e.sub(1, e.mul(t, t))), inner);
  return [e.mul(dy!, e.mul(e.add(e.add(t, 1), slope), 0.5))];
}

/** Gradient rules of all operators. */
export const gradientRules: { readonly [K in OpName]: GradientRule<K> } = {
  Input: none,
  Constant: none,

  Add: binary((dy) => dy, (dy) => dy),
  Sub: binary((dy) => dy, (dy) => e.neg(dy)),
  Mul: binary((dy, _, b) => e.mul(dy, b), (dy, a) => e.mul(dy, a)),
  Div: binary(
    (dy, _, b) => e.div(dy, b),
    (dy, _, b, y) => e.neg(e.div(e.mul(dy, y), b)),
  ),
  Pow: ({ inputs: [a, b] }, [dy], _, wanted) => {
    if (wanted[1]) throw new TypeError("Cannot differentiate Pow: the exponent is not constant");
    const { node: { op, attributes } } = b!;
    const squared = op === "Constant" && attributes.values.every((value) => value === 2);
    return [e.mul(dy!, e.mul(b!, squared ? a! : e.pow(a!, e.sub(b!, 1))))];
  },
  Max: binary((dy, a, b) => larger(dy, a, b), (dy, a, b) => larger(dy, b, a)),
  Min: binary((dy, a, b) => smaller(dy, a, b), (dy, a, b) => smaller(dy, b, a)),
  Equal: none,
  Greater: none,
  Less: none,
  GreaterOrEqual: none,
  And: none,
  Or: none,
  BitwiseXor: none,
  BitShift: none,

  Neg: unary((dy) => e.neg(dy)),
  Abs: unary((dy, x) => e.mul(dy, e.sign(x))),
  Sign: none,
  Exp: unary((dy, _, y) => e.mul(dy, y)),
  Log: unary((dy, x) => e.div(dy, x)),
  Sqrt: unary((dy, _, y) => e.div(e.mul(dy, 0.5), y)),
  Reciprocal: unary((dy, _, y) => e.neg(e.mul(dy, e.mul(y, y)))),
  Erf: unary((dy, x) => e.mul(dy, e.mul(e.exp(e.neg(e.mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  Sin: unary((dy, x) => e.mul(dy, e.cos(x))),
  Cos: unary((dy, x) => e.neg(e.mul(dy, e.sin(x)))),
  Relu: unary((dy, _, y) => e.mul(dy, indicator(logic.greater(y, 0), dy))),
  Sigmoid: unary((dy, _, y) => e.mul(dy, e.mul(y, e.sub(1, y)))),
  Tanh: unary((dy, _, y) => e.mul(dy, e.sub(1, e.mul(y, y)))),
  Softplus: unary((dy, x) => e.mul(dy, e.sigmoid(x))),
  Gelu: gelu,
  Not: none,
  Cast: (node, [dy]) => {
    const from = operand(node, 0).dtype;
    return isFloat(from) ? [e.cast(dy!, from)] : [];
  },
  Identity: (_, [dy]) => [dy], // A detached one is not on the walk's path.

  Where: (node, [dy], _, wanted) => {
    const condition = operand(node, 0);
    return [
      undefined,
      wanted[1] ? logic.where(condition, dy!, 0) : undefined,
      wanted[2] ? logic.where(condition, 0, dy!) : undefined,
    ];
  },

  MatMul: matMul,
  Gemm: gemm,

  ReduceSum: (node, [dy]) => [expandReduced(dy!, operand(node, 0), node.attributes)],
  ReduceMean: (node, [dy]) => {
    const x = operand(node, 0);
    return [expandReduced(e.div(dy!, reducedCount(x, node.attributes.axes)), x, node.attributes)];
  },
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceSumSquare: (node, [dy]) => {
    const x = operand(node, 0);
    return [e.mul(e.mul(x, 2), keepDims(dy!, x, node.attributes))];
  },
  ArgMax: none,

  Softmax: softmax,
  LogSoftmax: logSoftmax,
  LayerNormalization: layerNormalizationGradient,
  BatchNormalization: batchNormalizationGradient,

  Reshape: (node, [dy]) => {
    const x = operand(node, 0);
    return [applyOne("Reshape", [dy, l.shapeOf(x)], { shape: x.shape })];
  },
  Expand: (_, [dy]) => [dy],
  Transpose: (node, [dy]) => [l.transpose(dy!, inversePermutation(node.attributes.perm))],
  Concat: concatGradient,
  Slice: sliceGradient,
  Pad: padGradient,
  Shape: none,
  Range: none,

  Gather: gatherGradient,
  GatherElements: (node, [dy]) => {
    const [x, indices] = [operand(node, 0), operand(node, 1)];
    return [indexing.scatterAdd(l.zerosLike(x), indices, dy!, node.attributes.axis)];
  },
  ScatterElements: scatterGradient,
  OneHot: none,
  CumSum: (node, [dy]) => {
    const { axis, exclusive, reverse } = node.attributes;
    return [
      applyOne("CumSum", [dy, scalar(axis, "int64")], { axis, exclusive, reverse: !reverse }),
    ];
  },
  TopK: (node, [dy], [, indices]) => {
    const x = operand(node, 0);
    return [indexing.scatterAdd(l.zerosLike(x), indices, dy!, node.attributes.axis)];
  },

  Conv: convGradient,
  ConvTranspose: convTransposeGradient,
  MaxPool: maxPoolGradient,
  AveragePool: averagePoolGradient,
};

/** The cotangent that a scalar loss starts from. */
export function one(like: Tensor): Tensor {
  return constant([1], [], like.dtype);
}
