/**
 * One rule per operator that says what types its outputs have and refuses operands that do not fit.
 * The table doubles as the specification of a well-formed graph.
 * @module
 */
import { broadcast, formatShape, sameShape } from "./dims.ts";
import type { Dim, DType, Shape, Tensor, TensorType } from "./node.ts";
import type { AxisAttribute, OpAttributes, OpName, ReduceAttributes } from "./ops.ts";

type Operands = readonly (Tensor | undefined)[];
type ShapeRule<K extends OpName> = (
  operands: Operands,
  attributes: OpAttributes[K],
  op: K,
) => readonly TensorType[];

function required(operands: Operands, index: number, op: string): Tensor {
  const operand = operands[index];
  if (!operand) throw new TypeError(`Cannot apply ${op}: operand ${index} is missing`);
  return operand;
}

function expectDtype(tensor: Tensor, dtype: DType, op: string): void {
  if (tensor.dtype !== dtype) {
    throw new TypeError(`Cannot apply ${op}: expected ${dtype}, received ${tensor.dtype}`);
  }
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
  return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, keepdims) }];
};

function reducedShape(shape: Shape, axes: readonly number[], keepdims: boolean): Shape {
  if (keepdims) return shape.map((dim, axis) => axes.includes(axis) ? 1 : dim);
  return shape.filter((_, axis) => !axes.includes(axis));
}

const alongAxis = (operands: Operands, { axis }: AxisAttribute, op: string): TensorType[] => {
  const x = required(operands, 0, op);
  if (axis >= x.shape.length) {
    throw new RangeError(`Cannot apply ${op}: axis ${axis} of ${formatShape(x.shape)}`);
  }
  return unary(operands, undefined, op);
};

const toAttributeShape = (
  operands: Operands,
  { shape }: { readonly shape: Shape },
  op: string,
): TensorType[] => [{ dtype: required(operands, 0, op).dtype, shape }];

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
  const shape = [rows, columns];
  if (c && !sameShape(broadcast(c.shape, shape, "Gemm"), shape)) {
    throw new TypeError(`Cannot apply Gemm: C ${formatShape(c.shape)} does not fit [${shape}]`);
  }
  return { dtype: a.dtype, shape };
}

function gathered(operands: Operands, { axis }: AxisAttribute): TensorType {
  const data = required(operands, 0, "Gather");
  const indices = required(operands, 1, "Gather");
  const shape: Dim[] = [...data.shape];
  shape.splice(axis, 1, ...indices.shape);
  return { dtype: data.dtype, shape };
}

function normalized(operands: Operands): TensorType[] {
  const x = required(operands, 0, "LayerNormalization");
  const width = x.shape.at(-1);
  for (const operand of operands.slice(1)) {
    if (operand && !sameShape(operand.shape, [width!])) {
      throw new TypeError(
        `Cannot apply LayerNormalization: weight or bias ${
          formatShape(operand.shape)
        } does not fit ${formatShape(x.shape)}`,
      );
    }
  }
  const statistics: TensorType = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics];
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
  And: comparison,
  Or: comparison,
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
  Not: unary,
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
    shape: reducedShape(required(operands, 0, "ArgMax").shape, [axis], keepdims),
  }],

  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  LayerNormalization: normalized,

  Reshape: toAttributeShape,
  Expand: toAttributeShape,
  Transpose: (operands, { perm }) => {
    const { dtype, shape } = required(operands, 0, "Transpose");
    return [{ dtype, shape: perm.map((axis) => shape[axis]) }];
  },
  Concat: (operands, { axis, size }) => {
    const { dtype, shape } = required(operands, 0, "Concat");
    return [{ dtype, shape: withAxis(shape, axis, size) }];
  },
  Slice: (operands, { axis, size }) => {
    const { dtype, shape } = required(operands, 0, "Slice");
    return [{ dtype, shape: withAxis(shape, axis, size) }];
  },
  Pad: toAttributeShape,
  Shape: (operands) => [{ dtype: "int64", shape: [required(operands, 0, "Shape").shape.length] }],
  Range: (operands, { size }) => [
    { dtype: required(operands, 0, "Range").dtype, shape: [size] },
  ],

  Gather: (operands, attributes) => [gathered(operands, attributes)],
  GatherElements: (operands) => [{
    dtype: required(operands, 0, "GatherElements").dtype,
    shape: required(operands, 1, "GatherElements").shape,
  }],
  ScatterElements: unary,
  OneHot: (operands, { depth }) => [{
    dtype: required(operands, 2, "OneHot").dtype,
    shape: [...required(operands, 0, "OneHot").shape, depth],
  }],
  CumSum: unary,
  TopK: (operands, { axis, k }) => {
    const { dtype, shape } = required(operands, 0, "TopK");
    const result = withAxis(shape, axis, k);
    return [{ dtype, shape: result }, { dtype: "int64", shape: result }];
  },
};
