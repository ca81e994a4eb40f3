/**
 * The compute engine: graphs, gradients, ONNX, sessions, layers and training steps. It knows nothing
 * of plugins, config or the command line.
 * @module
 */
export { gradients } from "./autodiff/backward.ts";
export * from "./errors.ts";
export { constant, input, int64s, scalar } from "./ir/create.ts";
export { type Operand } from "./ir/elementwise.ts";
export * from "./ir/elementwise.ts";
export * from "./ir/layout.ts";
export * from "./ir/matrix.ts";
export type {
  AnyNode,
  Dim,
  DType,
  Node,
  Shape,
  Tensor,
  TensorType,
  TypedArray,
} from "./ir/node.ts";
export type { AxisAttribute, None, OpAttributes, OpName, ReduceAttributes } from "./ir/ops.ts";
export * from "./nn/bags.ts";
export * from "./nn/initializers.ts";
export * from "./nn/losses.ts";
export { RandomRows, RandomStream } from "./nn/random.ts";
export * from "./nn/row_blocks.ts";
export * from "./nn/scope.ts";
export {
  type AttributeValue,
  emit,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "./onnx/emit.ts";
export { encode } from "./onnx/encode.ts";
export * from "./random.ts";
export { Session, type SessionOptions, type Value } from "./runtime/session.ts";
export {
  type FeatureFile,
  type FeatureFileOptions,
  type FeatureLayout,
  featureSplit,
  type LabelKind,
  openFeatureFile,
} from "./storage/feature_file.ts";
