/**
 * Element types, dimensions and shapes of tensors.
 * @module
 */

/**
 * Element types that graphs use, by their ONNX names.
 * @category Tensors
 */
export type DType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "uint32"
  | "uint8"
  | "int8"
  | "bool";

/**
 * A dimension: a size, or the name of a size that is known when the graph runs.
 * @category Tensors
 */
export type Dim = number | string;

/**
 * Shape of a tensor, outermost dimension first; `[]` is a scalar.
 * @category Tensors
 */
export type Shape = readonly Dim[];

/**
 * Typed arrays that hold a constant's values.
 * @category Tensors
 */
export type TypedArray =
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | Int8Array
  | Uint16Array;

/**
 * Element type and shape of a node's output.
 * @category Tensors
 */
export interface TensorType {
  /** Element type. */
  readonly dtype: DType;
  /** Shape, outermost dimension first. */
  readonly shape: Shape;
}
