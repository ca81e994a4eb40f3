/**
 * Tensors as graphs: operators, gradients of them, ONNX, and sessions that compute. Layers and
 * parameters are in `@glovita/glovita/nn`.
 *
 * @example The gradient of a squared error
 * ```ts
 * import { constant, evaluate, gradients, mul, reduceSum, sub } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const [weight, target] = [constant([1, 2]), constant([3, 3])];
 * const error = sub(weight, target);
 * const [slope] = gradients(reduceSum(mul(error, error)), [weight]);
 * assertEquals([...(await evaluate(slope)).data], [-4, -2]);
 * ```
 * @module
 */
export { gradients } from "./autodiff/backward.ts";
export { constant, input, int64s, scalar } from "./ir/create.ts";
export { flatSize, formatShape, sameShape, sizeOf } from "./ir/dims.ts";
export * from "./ir/elementwise.ts";
export * from "./ir/indexing.ts";
export * from "./ir/layout.ts";
export * from "./ir/logic.ts";
export * from "./ir/matrix.ts";
export type { AnyNode, Node, Tensor } from "./ir/node.ts";
export type {
  AxisAttribute,
  ConvolutionAttributes,
  None,
  OpAttributes,
  OpName,
  PoolAttributes,
  ReduceAttributes,
  WindowAttributes,
} from "./ir/ops.ts";
export type { Dim, DType, Shape, TensorType, TypedArray } from "./ir/types.ts";
export * from "./ir/windows.ts";
export {
  type AttributeValue,
  emit,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "./onnx/emit.ts";
export { encode, type ModelMetadata } from "./onnx/encode.ts";
export { Random } from "./random.ts";
export { evaluate } from "./runtime/evaluate.ts";
export {
  type DeviceValue,
  type KeptOutputs,
  Session,
  type SessionOptions,
  type Value,
} from "./runtime/session.ts";
export type { Device, DeviceChoice } from "./runtime/session_options.ts";
