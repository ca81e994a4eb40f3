/**
 * The closed list of operators. Names, attributes and meanings are those of ONNX (opset 21), so the
 * public ONNX operator documentation is the documentation of this list too. A new operator is one
 * line here and the compile errors it causes: a row in `shape.ts`, in `../autodiff/gradients.ts`
 * and in `../onnx/emit.ts`.
 * @module
 */
import type { Dim, DType, Shape, TypedArray } from "./node.ts";

/** No attributes. */
export type None = Readonly<Record<never, never>>;

/** Attributes of reductions; the axes are always explicit and not negative. */
export interface ReduceAttributes {
  /** Axes to reduce. */
  readonly axes: readonly number[];
  /** Whether reduced axes stay with size 1. */
  readonly keepdims: boolean;
}

/** One axis, not negative. */
export interface AxisAttribute {
  /** The axis. */
  readonly axis: number;
}

/** How windows move over the last two axes of `[batch, channels, height, width]`. */
export interface WindowAttributes {
  /** Steps between windows: down, across. */
  readonly strides: readonly number[];
  /** Rows and columns added before the first ones, then after the last ones: top, left, bottom, right. */
  readonly pads: readonly number[];
}

/** Attributes of convolutions: the weight's axes 2 and 3 are those of the window. */
export interface ConvolutionAttributes extends WindowAttributes {
  /** Steps within a window: down, across. */
  readonly dilations: readonly number[];
  /** Number of groups that channels are divided into; each group has weights of its own. */
  readonly group: number;
}

/** Attributes of pools. */
export interface PoolAttributes extends WindowAttributes {
  /** Height and width of a window. */
  readonly kernel_shape: readonly number[];
  /** Whether what is left at the end gets a window of its own, as PyTorch counts them. */
  readonly ceil_mode: boolean;
}

/** Operators and their attributes. */
export interface OpAttributes {
  // 1. Sources.
  /** A value fed when the graph runs: data, a parameter, optimizer state, a scalar. */
  readonly Input: { readonly name: string; readonly dtype: DType; readonly shape: Shape };
  /** A value known when the graph is built. */
  readonly Constant: {
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly values: TypedArray;
  };

  // 2. Elementwise, two operands, broadcasting.
  readonly Add: None;
  readonly Sub: None;
  readonly Mul: None;
  readonly Div: None;
  readonly Pow: None;
  readonly Max: None;
  readonly Min: None;
  readonly Equal: None;
  readonly Greater: None;
  readonly Less: None;
  readonly GreaterOrEqual: None;
  readonly And: None;
  readonly Or: None;
  readonly BitwiseXor: None;
  readonly BitShift: { readonly direction: "LEFT" | "RIGHT" };

  // 3. Elementwise, one operand.
  readonly Neg: None;
  readonly Abs: None;
  readonly Sign: None;
  readonly Exp: None;
  readonly Log: None;
  readonly Sqrt: None;
  readonly Reciprocal: None;
  readonly Erf: None;
  readonly Sin: None;
  readonly Cos: None;
  readonly Relu: None;
  readonly Sigmoid: None;
  readonly Tanh: None;
  readonly Softplus: None;
  readonly Gelu: { readonly approximate: "none" | "tanh" };
  readonly Not: None;
  readonly Cast: { readonly to: DType };
  /** Passes its operand on; with `detached` no gradient flows back. */
  readonly Identity: { readonly detached: boolean };

  // 4. Selection.
  readonly Where: None;

  // 5. Matrices.
  readonly MatMul: None;
  /** `alpha * op(A) op(B) + beta * C` on matrices; C may be left out. */
  readonly Gemm: {
    readonly alpha: number;
    readonly beta: number;
    readonly transA: boolean;
    readonly transB: boolean;
  };

  // 6. Reductions.
  readonly ReduceSum: ReduceAttributes;
  readonly ReduceMean: ReduceAttributes;
  readonly ReduceMax: ReduceAttributes;
  readonly ReduceMin: ReduceAttributes;
  readonly ReduceSumSquare: ReduceAttributes;
  readonly ArgMax: { readonly axis: number; readonly keepdims: boolean };

  // 7. Normalisation over an axis.
  readonly Softmax: AxisAttribute;
  readonly LogSoftmax: AxisAttribute;
  /** Over the last axis. Outputs: Y, Mean, InvStdDev. */
  readonly LayerNormalization: { readonly epsilon: number };

  // 8. Layout. The operand `shape` computes what the attribute of that name says.
  readonly Reshape: { readonly shape: Shape };
  readonly Expand: { readonly shape: Shape };
  readonly Transpose: { readonly perm: readonly number[] };
  readonly Concat: { readonly axis: number; readonly size: Dim };
  /** One axis in steps of 1; the operands `starts` and `ends` hold one index each. */
  readonly Slice: { readonly axis: number; readonly size: Dim };
  readonly Pad: { readonly shape: Shape };
  readonly Shape: None;
  readonly Range: { readonly size: Dim };

  // 9. Indexing.
  readonly Gather: AxisAttribute;
  readonly GatherElements: AxisAttribute;
  readonly ScatterElements: { readonly axis: number; readonly reduction: "none" | "add" | "max" };
  readonly OneHot: { readonly depth: number };
  readonly CumSum: {
    readonly axis: number;
    readonly exclusive: boolean;
    readonly reverse: boolean;
  };
  /** Outputs: Values, Indices, sorted. The operand `K` computes `k`. */
  readonly TopK: { readonly axis: number; readonly largest: boolean; readonly k: Dim };

  // 10. Windows over pictures.
  readonly Conv: ConvolutionAttributes;
  /** What Conv's gradient does to its first operand; without a bias. */
  readonly ConvTranspose: ConvolutionAttributes & { readonly output_padding: readonly number[] };
  /** Outputs: Y, Indices into the flattened operand. */
  readonly MaxPool: PoolAttributes;
  readonly AveragePool: PoolAttributes & { readonly count_include_pad: boolean };
}

/** Name of an operator. */
export type OpName = keyof OpAttributes;
