/**
 * The closed list of operators. Names, attributes and meanings are those of ONNX (opset 21), so the
 * public ONNX operator documentation is the documentation of this list too. A new operator is one
 * line here and the compile errors it causes: a row in `shape.ts`, in `../autodiff/gradients.ts`
 * and in `../onnx/emit.ts`.
 * @module
 */
import type { Dim, DType, Shape, TypedArray } from "./types.ts";

/**
 * No attributes.
 * @category Operators of the graph
 */
export type None = Readonly<Record<never, never>>;

/**
 * Attributes of reductions; the axes are always explicit and not negative.
 * @category Operators of the graph
 */
export interface ReduceAttributes {
  /** Axes to reduce. */
  readonly axes: readonly number[];
  /** Whether reduced axes stay with size 1. */
  readonly keepdims: boolean;
}

/**
 * One axis, not negative.
 * @category Operators of the graph
 */
export interface AxisAttribute {
  /** The axis. */
  readonly axis: number;
}

/**
 * How windows move over the last two axes of `[batch, channels, height, width]`.
 * @category Operators of the graph
 */
export interface WindowAttributes {
  /** Steps between windows: down, across. */
  readonly strides: readonly number[];
  /** Rows and columns added before the first ones, then after the last ones: top, left, bottom, right. */
  readonly pads: readonly number[];
}

/**
 * Attributes of convolutions: the weight's axes 2 and 3 are those of the window.
 * @category Operators of the graph
 */
export interface ConvolutionAttributes extends WindowAttributes {
  /** Steps within a window: down, across. */
  readonly dilations: readonly number[];
  /** Number of groups that channels are divided into; each group has weights of its own. */
  readonly group: number;
}

/**
 * Attributes of pools.
 * @category Operators of the graph
 */
export interface PoolAttributes extends WindowAttributes {
  /** Height and width of a window. */
  readonly kernel_shape: readonly number[];
  /** Whether what is left at the end gets a window of its own, as PyTorch counts them. */
  readonly ceil_mode: boolean;
}

/**
 * Operators and their attributes.
 * @category Operators of the graph
 */
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
  /** `a + b`. */
  readonly Add: None;
  /** `a - b`. */
  readonly Sub: None;
  /** `a * b`. */
  readonly Mul: None;
  /** `a / b`. */
  readonly Div: None;
  /** `a ** b`. */
  readonly Pow: None;
  /** The larger operand. */
  readonly Max: None;
  /** The smaller operand. */
  readonly Min: None;
  /** `a === b`, as a boolean. */
  readonly Equal: None;
  /** `a > b`. */
  readonly Greater: None;
  /** `a < b`. */
  readonly Less: None;
  /** `a >= b`. */
  readonly GreaterOrEqual: None;
  /** `a && b`. */
  readonly And: None;
  /** `a || b`. */
  readonly Or: None;
  /** `a ^ b`. */
  readonly BitwiseXor: None;
  /** `a << b` or `a >> b`, on unsigned integers. */
  readonly BitShift: { readonly direction: "LEFT" | "RIGHT" };

  // 3. Elementwise, one operand.
  /** `-a`. */
  readonly Neg: None;
  /** Absolute value. */
  readonly Abs: None;
  /** -1, 0 or 1. */
  readonly Sign: None;
  /** `e ** a`. */
  readonly Exp: None;
  /** Natural logarithm. */
  readonly Log: None;
  /** Square root. */
  readonly Sqrt: None;
  /** `1 / a`. */
  readonly Reciprocal: None;
  /** Gauss error function. */
  readonly Erf: None;
  /** Sine. */
  readonly Sin: None;
  /** Cosine. */
  readonly Cos: None;
  /** `max(a, 0)`. */
  readonly Relu: None;
  /** `1 / (1 + e ** -a)`. */
  readonly Sigmoid: None;
  /** Hyperbolic tangent. */
  readonly Tanh: None;
  /** `log(1 + e ** a)`. */
  readonly Softplus: None;
  /** `a` times the normal distribution function of `a`, or its approximation by `tanh`. */
  readonly Gelu: { readonly approximate: "none" | "tanh" };
  /** `!a`. */
  readonly Not: None;
  /** The operand as another type. */
  readonly Cast: { readonly to: DType };
  /** Passes its operand on; with `detached` no gradient flows back. */
  readonly Identity: { readonly detached: boolean };

  // 4. Selection.
  /** The second operand where the first is true, else the third. */
  readonly Where: None;

  // 5. Matrices.
  /** Matrix product over the last two axes; the axes before broadcast. */
  readonly MatMul: None;
  /** `alpha * op(A) op(B) + beta * C` on matrices; C may be left out. */
  readonly Gemm: {
    readonly alpha: number;
    readonly beta: number;
    readonly transA: boolean;
    readonly transB: boolean;
  };

  // 6. Reductions.
  /** Sum. */
  readonly ReduceSum: ReduceAttributes;
  /** Mean. */
  readonly ReduceMean: ReduceAttributes;
  /** Maximum. */
  readonly ReduceMax: ReduceAttributes;
  /** Minimum. */
  readonly ReduceMin: ReduceAttributes;
  /** Sum of squares. */
  readonly ReduceSumSquare: ReduceAttributes;
  /** Index of the first maximum. */
  readonly ArgMax: { readonly axis: number; readonly keepdims: boolean };

  // 7. Normalisation over an axis.
  /** `e ** a` as shares of their sum. */
  readonly Softmax: AxisAttribute;
  /** Logarithm of Softmax. */
  readonly LogSoftmax: AxisAttribute;
  /** Over the last axis. Outputs: Y, Mean, InvStdDev. */
  readonly LayerNormalization: { readonly epsilon: number };
  /**
   * Per channel (axis 1), by the batch's own statistics. Outputs: Y, and each channel's mean and
   * biased variance. Written with ONNX's `training_mode`.
   */
  readonly BatchNormalization: { readonly epsilon: number };

  // 8. Layout. The operand `shape` computes what the attribute of that name says.
  /** The same values in another shape. */
  readonly Reshape: { readonly shape: Shape };
  /** Repeats axes of size 1, as broadcasting does. */
  readonly Expand: { readonly shape: Shape };
  /** Axes in another order. */
  readonly Transpose: { readonly perm: readonly number[] };
  /** Joins tensors along an axis. */
  readonly Concat: { readonly axis: number; readonly size: Dim };
  /** One axis in steps of 1; the operands `starts` and `ends` hold one index each. */
  readonly Slice: { readonly axis: number; readonly size: Dim };
  /** Adds zeros around a tensor. */
  readonly Pad: { readonly shape: Shape };
  /** The shape, as a vector of int64. */
  readonly Shape: None;
  /** Numbers from a start to a limit in steps. */
  readonly Range: { readonly size: Dim };

  // 9. Indexing.
  /** Slices by index along an axis. */
  readonly Gather: AxisAttribute;
  /** One value for each index along an axis. */
  readonly GatherElements: AxisAttribute;
  /** Writes, adds or maximises values at indices along an axis. */
  readonly ScatterElements: { readonly axis: number; readonly reduction: "none" | "add" | "max" };
  /** A new last axis: 1 at the index, else 0. */
  readonly OneHot: { readonly depth: number };
  /** Running sum. */
  readonly CumSum: {
    readonly axis: number;
    readonly exclusive: boolean;
    readonly reverse: boolean;
  };
  /** Outputs: Values, Indices, sorted. The operand `K` computes `k`. */
  readonly TopK: { readonly axis: number; readonly largest: boolean; readonly k: Dim };

  // 10. Windows over images.
  /** Cross-correlation with a window, as deep learning means by convolution. */
  readonly Conv: ConvolutionAttributes;
  /** What Conv's gradient does to its first operand; without a bias. */
  readonly ConvTranspose: ConvolutionAttributes & { readonly output_padding: readonly number[] };
  /** Outputs: Y, Indices into the flattened operand. */
  readonly MaxPool: PoolAttributes;
  /** Mean of each window. */
  readonly AveragePool: PoolAttributes & { readonly count_include_pad: boolean };
}

/**
 * Name of an operator.
 * @category Operators of the graph
 */
export type OpName = keyof OpAttributes;
