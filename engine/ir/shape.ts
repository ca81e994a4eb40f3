/**
 * One rule per operator that says what types its outputs have and refuses operands that do not fit.
 * The table doubles as the specification of a well-formed graph.
 * @module
 */
import { expectDtype, type Operands, required } from "./_operands.ts";
import { broadcast, formatShape, sameShape } from "./dims.ts";
import type { Tensor } from "./node.ts";
import type { Dim, Shape, TensorType } from "./types.ts";
import type { AxisAttribute, OpAttributes, OpName, ReduceAttributes } from "./ops.ts";
import { convolved, pooled, transposedConvolution } from "./shape_windows.ts";

type ShapeRule<K extends OpName> = (
  operands: Operands,
  attributes: OpAttributes[K],
  op: K,
) => readonly TensorType[];

function expectIndices({ dtype }: Tensor, op: string): void {
  if (dtype !== "int64" && dtype !== "int32") {
    throw new TypeError(`Cannot apply ${op}: expected int64 or int32 indices, received ${dtype}`);
  }
}

function expectAxes(axes: readonly number[], shape: Shape, op: string): void {
  for (const axis of axes) {
    if (!(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
      throw new RangeError(`Cannot apply ${op}: axis ${axis} of ${formatShape(shape)}`);
    }
  }
}

/** The first operand, whose axis an operator works along. */
function withCheckedAxis(operands: Operands, axis: number, op: string): Tensor {
  const x = required(operands, 0, op);
  expectAxes([axis], x.shape, op);
  return x;
}

function elementwise(operands: Operands, op: string): TensorType {
  const a = required(operands, 0, op);
  const b = required(operands, 1, op);
  expectDtype(b, a.dtype, op);
  return { dtype: a.dtype, shape: broadcast(a.shape, b.shape, op) };
}

const binary = (operands: Operands, _: unknown, op: string): TensorType[] => [
  elementwise(operands, op),
];

const logical = (operands: Operands, _: unknown, op: string): TensorType[] => {
  expectDtype(required(operands, 0, op), "bool", op);
  return [elementwise(operands, op)];
};

const comparison = (operands: Operands, _: unknown, op: string): TensorType[] => [
  { dtype: "bool", shape: elementwise(operands, op).shape },
];

const unary = (operands: Operands, _: unknown, op: string): TensorType[] => {
  const { dtype, shape } = required(operands, 0, op);
  return [{ dtype, shape }];
};

const reduction = (
  operands: Operands,
  { axes, keepdims }: ReduceAttributes,
  op: string,
): TensorType[] => {
  const x = required(operands, 0, op);
  expectAxes(axes, x.shape, op);
  return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, keepdims) }];
};

function reducedShape(shape: Shape, axes: readonly number[], keepdims: boolean): Shape {
  if (keepdims) return shape.map((dim, axis) => axes.includes(axis) ? 1 : dim);
  return shape.filter((_, axis) => !axes.includes(axis));
}

const alongAxis = (operands: Operands, { axis }: AxisAttribute, op: string): TensorType[] => {
  const { dtype, shape } = withCheckedAxis(operands, axis, op);
  return [{ dtype, shape }];
};

function reshaped(operands: Operands, { shape }: OpAttributes["Reshape"]): TensorType {
  const x = required(operands, 0, "Reshape");
  const [from, to] = [x.shape, shape].map((dims) =>
    dims.reduce<number>((size, dim) => size * Number(dim), 1)
  );
  // A symbol makes a size NaN, which is unequal to everything, so it says nothing.
  if (from < to || from > to) {
    throw new TypeError(
      `Cannot apply Reshape: ${formatShape(x.shape)} and ${formatShape(shape)} differ in size`,
    );
  }
  return { dtype: x.dtype, shape };
}

function expanded(operands: Operands, { shape }: OpAttributes["Expand"]): TensorType {
  const x = required(operands, 0, "Expand");
  if (!sameShape(broadcast(x.shape, shape, "Expand"), shape)) {
    throw new TypeError(
      `Cannot apply Expand: ${formatShape(x.shape)} does not fit ${formatShape(shape)}`,
    );
  }
  return { dtype: x.dtype, shape };
}

function transposed(operands: Operands, { perm }: OpAttributes["Transpose"]): TensorType {
  const { dtype, shape } = required(operands, 0, "Transpose");
  if (
    perm.toSorted((a, b) => a - b).some((axis, i) => axis !== i) || perm.length !== shape.length
  ) {
    throw new TypeError(`Cannot apply Transpose: [${perm}] does not order ${formatShape(shape)}`);
  }
  return { dtype, shape: perm.map((axis) => shape[axis]) };
}

function concatenated(operands: Operands, { axis, size }: OpAttributes["Concat"]): TensorType {
  const first = withCheckedAxis(operands, axis, "Concat");
  for (let index = 1; index < operands.length; index++) {
    const other = required(operands, index, "Concat");
    expectDtype(other, first.dtype, "Concat");
    if (!sameShape(withAxis(other.shape, axis, size), withAxis(first.shape, axis, size))) {
      throw new TypeError(
        `Cannot apply Concat: shapes ${formatShape(first.shape)} and ${
          formatShape(other.shape)
        } differ beside axis ${axis}`,
      );
    }
  }
  return { dtype: first.dtype, shape: withAxis(first.shape, axis, size) };
}

function matrixProduct(operands: Operands, op: string): TensorType {
  const a = required(operands, 0, op);
  const b = required(operands, 1, op);
  expectDtype(b, a.dtype, op);
  const inner = a.shape.at(-1);
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== b.shape.at(-2)) {
    throw new TypeError(
      `Cannot apply ${op}: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} do not chain`,
    );
  }
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2), op);
  return { dtype: a.dtype, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] };
}

function gemm(operands: Operands, attributes: OpAttributes["Gemm"]): TensorType {
  const a = required(operands, 0, "Gemm");
  const b = required(operands, 1, "Gemm");
  expectDtype(b, a.dtype, "Gemm");
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    throw new TypeError(
      `Cannot apply Gemm: expected matrices, received ${formatShape(a.shape)} and ${
        formatShape(b.shape)
      }`,
    );
  }
  const [rows, inner] = attributes.transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [chained, columns] = attributes.transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (inner !== chained) {
    throw new TypeError(
      `Cannot apply Gemm: inner dimensions ${inner} and ${chained} differ`,
    );
  }
  const c = operands[2];
  if (c) expectDtype(c, a.dtype, "Gemm");
  const shape = [rows, columns];
  if (c && !sameShape(broadcast(c.shape, shape, "Gemm"), shape)) {
    throw new TypeError(
      `Cannot apply Gemm: C ${formatShape(c.shape)} does not fit ${formatShape(shape)}`,
    );
  }
  return { dtype: a.dtype, shape };
}

function gathered(operands: Operands, { axis }: AxisAttribute): TensorType {
  const data = withCheckedAxis(operands, axis, "Gather");
  const indices = required(operands, 1, "Gather");
  expectIndices(indices, "Gather");
  const shape: Dim[] = [...data.shape];
  shape.splice(axis, 1, ...indices.shape);
  return { dtype: data.dtype, shape };
}

/** Operands of the operators that move single entries along an axis. */
function alongIndices(operands: Operands, { axis }: AxisAttribute, op: string): [Tensor, Tensor] {
  const data = withCheckedAxis(operands, axis, op);
  const indices = required(operands, 1, op);
  expectIndices(indices, op);
  if (indices.shape.length !== data.shape.length) {
    throw new TypeError(
      `Cannot apply ${op}: indices ${formatShape(indices.shape)} and data ${
        formatShape(data.shape)
      } differ in rank`,
    );
  }
  return [data, indices];
}

function scattered(operands: Operands, attributes: AxisAttribute): TensorType {
  const [data, indices] = alongIndices(operands, attributes, "ScatterElements");
  const updates = required(operands, 2, "ScatterElements");
  expectDtype(updates, data.dtype, "ScatterElements");
  if (!sameShape(updates.shape, indices.shape)) {
    throw new TypeError(
      `Cannot apply ScatterElements: updates ${formatShape(updates.shape)} and indices ${
        formatShape(indices.shape)
      } differ`,
    );
  }
  return { dtype: data.dtype, shape: data.shape };
}

/** The operand to normalise, whose width all others have. */
function toNormalize(operands: Operands, op: OpName, axis: number): TensorType {
  const x = required(operands, 0, op);
  for (const operand of operands.slice(1)) {
    if (operand && !sameShape(operand.shape, [x.shape.at(axis)!])) {
      const [found, wanted] = [operand.shape, x.shape].map(formatShape);
      throw new TypeError(`Cannot apply ${op}: weight or bias ${found} does not fit ${wanted}`);
    }
  }
  return x;
}

function normalized(operands: Operands): TensorType[] {
  const { dtype, shape } = toNormalize(operands, "LayerNormalization", -1);
  const statistics: TensorType = { dtype, shape: [...shape.slice(0, -1), 1] };
  return [{ dtype, shape }, statistics, statistics];
}

function batchNormalized(operands: Operands): TensorType[] {
  const { dtype, shape } = toNormalize(operands, "BatchNormalization", 1);
  const statistics: TensorType = { dtype, shape: [shape[1]] };
  return [{ dtype, shape }, statistics, statistics];
}

function withAxis(shape: Shape, axis: number, size: Dim): Shape {
  return shape.map((dim, index) => index === axis ? size : dim);
}

/** Output types of every operator. */
export const shapeRules: { readonly [K in OpName]: ShapeRule<K> } = {
  Input: (_, { dtype, shape }) => [{ dtype, shape }],
  Constant: (_, { dtype, shape }) => [{ dtype, shape }],

  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: binary,
  Max: binary,
  Min: binary,
  Equal: comparison,
  Greater: comparison,
  Less: comparison,
  GreaterOrEqual: comparison,
  And: logical,
  Or: logical,
  BitwiseXor: binary,
  BitShift: binary,

  Neg: unary,
  Abs: unary,
  Sign: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Erf: unary,
  Sin: unary,
  Cos: unary,
  Relu: unary,
  Sigmoid: unary,
  Tanh: unary,
  Softplus: unary,
  Gelu: unary,
  Not: (operands) => {
    const { dtype, shape } = required(operands, 0, "Not");
    expectDtype(required(operands, 0, "Not"), "bool", "Not");
    return [{ dtype, shape }];
  },
  Cast: (operands, { to }) => [{ dtype: to, shape: required(operands, 0, "Cast").shape }],
  Identity: unary,

  Where: (operands) => {
    const condition = required(operands, 0, "Where");
    expectDtype(condition, "bool", "Where");
    const { dtype, shape } = elementwise(operands.slice(1), "Where");
    return [{ dtype, shape: broadcast(condition.shape, shape, "Where") }];
  },

  MatMul: (operands) => [matrixProduct(operands, "MatMul")],
  Gemm: (operands, attributes) => [gemm(operands, attributes)],

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceSumSquare: reduction,
  ArgMax: (operands, { axis, keepdims }) => [{
    dtype: "int64",
    shape: reducedShape(withCheckedAxis(operands, axis, "ArgMax").shape, [axis], keepdims),
  }],

  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  LayerNormalization: normalized,
  BatchNormalization: batchNormalized,

  Reshape: (operands, attributes) => [reshaped(operands, attributes)],
  Expand: (operands, attributes) => [expanded(operands, attributes)],
  Transpose: (operands, attributes) => [transposed(operands, attributes)],
  Concat: (operands, attributes) => [concatenated(operands, attributes)],
  Slice: (operands, { axis, size }) => {
    const { dtype, shape } = withCheckedAxis(operands, axis, "Slice");
    return [{ dtype, shape: withAxis(shape, axis, size) }];
  },
  Pad: (operands, { shape }) => [{ dtype: required(operands, 0, "Pad").dtype, shape }],
  Shape: (operands) => [{ dtype: "int64", shape: [required(operands, 0, "Shape").shape.length] }],
  Range: (operands, { size }) => [
    { dtype: required(operands, 0, "Range").dtype, shape: [size] },
  ],

  Gather: (operands, attributes) => [gathered(operands, attributes)],
  GatherElements: (operands, attributes) => {
    const [{ dtype }, { shape }] = alongIndices(operands, attributes, "GatherElements");
    return [{ dtype, shape }];
  },
  ScatterElements: (operands, attributes) => [scattered(operands, attributes)],
  OneHot: (operands, { depth }) => [{
    dtype: required(operands, 2, "OneHot").dtype,
    shape: [...required(operands, 0, "OneHot").shape, depth],
  }],
  CumSum: alongAxis,
  TopK: (operands, { axis, k }) => {
    const { dtype, shape } = withCheckedAxis(operands, axis, "TopK");
    const result = withAxis(shape, axis, k);
    return [{ dtype, shape: result }, { dtype: "int64", shape: result }];
  },

  Conv: (operands, attributes) => [convolved(operands, attributes)],
  ConvTranspose: (operands, attributes) => [transposedConvolution(operands, attributes)],
  MaxPool: (operands, attributes, op) => {
    const maxima = pooled(operands, attributes, op);
    return [maxima, { dtype: "int64", shape: maxima.shape }];
  },
  AveragePool: (operands, attributes, op) => [pooled(operands, attributes, op)],
};
