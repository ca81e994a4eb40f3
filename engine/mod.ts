/**
 * The compute engine: graphs, gradients, ONNX, sessions, layers and training steps. It knows nothing
 * of plugins, config or the command line.
 * @module
 */
export { gradients } from "./autodiff/backward.ts";
export * from "./errors.ts";
export type { HubOptions } from "./hub/client.ts";
export type { DownloadOptions, DownloadProgress } from "./hub/download.ts";
export { findWeights, type FoundWeights, type WeightsRequest } from "./hub/weights.ts";
export { sha256OfFile } from "./hub/sha256.ts";
export {
  findImageSize,
  type FoundSize,
  IMAGE_SOURCE_URL,
  type ImageSourceOptions,
} from "./images/image_source.ts";
export {
  RAW_IMAGE_SOURCE_URL,
  type RawBlock,
  type RawImageSourceOptions,
} from "./images/raw_image_source.ts";
export type { Image } from "./images/image.ts";
export * from "./images/transform.ts";
export { constant, input, int64s, scalar } from "./ir/create.ts";
export { formatShape, sameShape, sizeOf } from "./ir/dims.ts";
export * from "./ir/elementwise.ts";
export * from "./ir/indexing.ts";
export * from "./ir/layout.ts";
export * from "./ir/logic.ts";
export * from "./ir/matrix.ts";
export type { AnyNode, Node, Tensor } from "./ir/node.ts";
export type { Dim, DType, Shape, TensorType, TypedArray } from "./ir/types.ts";
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
export * from "./ir/windows.ts";
export * from "./nn/bags.ts";
export * from "./nn/initializers.ts";
export * from "./nn/losses.ts";
export { RandomRows, RandomStream } from "./nn/random.ts";
export * from "./nn/row_blocks.ts";
export * from "./nn/scope.ts";
export type { Activation } from "./nn/vision/activations.ts";
export { ArgumentReader } from "./nn/vision/arguments.ts";
export { convnext } from "./nn/vision/convnext.ts";
export { adaptInputChannels, type Kernel } from "./nn/vision/input_channels.ts";
export { type GridChange, resampleValues } from "./nn/vision/position_embedding.ts";
export { resnet } from "./nn/vision/resnet.ts";
export type { Size } from "./nn/vision/patch_embed.ts";
export * from "./nn/vision/vision_model.ts";
export { visionTransformer } from "./nn/vision/vision_transformer.ts";
export {
  type AttributeValue,
  emit,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "./onnx/emit.ts";
export { encode } from "./onnx/encode.ts";
export { type ForeignModelOptions, probeModel } from "./foreign/foreign_model.ts";
export { type ModelSourceOptions, wrapSource } from "./foreign/model_source.ts";
export { type ModelFacts, type ModelPort, readModelFacts } from "./foreign/read_model.ts";
export * from "./random.ts";
export { evaluate } from "./runtime/evaluate.ts";
export { Session, type SessionOptions, type Value } from "./runtime/session.ts";
export {
  type FeatureFile,
  type FeatureFileOptions,
  featureSplit,
  type LabelKind,
  openFeatureFile,
} from "./features/feature_file.ts";
export { type FeatureLayout } from "./features/feature_source.ts";
export { readJsonFile } from "./storage/json_file.ts";
export { loadStateDict } from "./storage/state_dict.ts";
export type { FloatTensor } from "./storage/tensor_types.ts";
export { escapeControls, isEncoding, readTextFile, type TextOptions } from "./storage/text_file.ts";
