/**
 * glovita: train, evaluate and ship vision heads on precomputed features.
 *
 * Importing this module adds the built-in plugins to the default registry, opens no file and loads
 * no native code.
 * @module
 */
export * from "./engine/errors.ts";
export {
  type FeatureFile,
  type FeatureFileOptions,
  openFeatureFile,
} from "./engine/features/feature_file.ts";
export { FeatureWriter, type FeatureWriterOptions } from "./engine/features/feature_writer.ts";
export * from "./engine/data/collate.ts";
export type { Batch, PaddedBatch } from "./engine/data/data.ts";
export * from "./engine/train/events.ts";
export * from "./plugins/mod.ts";
export {
  type Model,
  type ModelGraph,
  modelGraph,
  type ModelInputs,
  type PredictionGraph,
  predictionGraph,
} from "./engine/train/model.ts";
export { buildModel, type BuildModelOptions } from "./registry/builder/build_model.ts";
export { extractFeatures, type ExtractOptions } from "./jobs/extract/extract.ts";
export type * from "./jobs/extract/events.ts";
export { extractEvents } from "./jobs/extract/stream.ts";
export type { ConfigInput } from "./registry/builder/config_input.ts";
export type { ExtractConfigInput } from "./jobs/extract/config_input.ts";
export {
  type EpochNumbers,
  train,
  type TrainedFold,
  type TrainOptions,
} from "./jobs/train/train.ts";
export { trainEvents } from "./jobs/train/stream.ts";
export {
  type FilePrediction,
  type Prediction,
  type Samples,
  TrainedModel,
} from "./jobs/predict/trained_model.ts";
export { type AugmentationConfig, augmentationSchema } from "./registry/config/augmentation.ts";
export {
  type ExtractConfig,
  type ExtractConfigFields,
  type ExtractFields,
  type ExtractLoading,
  type ExtractPart,
  resolveExtractConfig,
} from "./registry/config/extract.ts";
export type { Flag } from "./registry/config/flag.ts";
export { type ConfigSources, type Resolution, resolveConfig } from "./registry/config/resolve.ts";
export type * from "./registry/config/tree.ts";
export {
  type ConfigPart,
  configure,
  type Configured,
  type PartialOptions,
} from "./registry/configure.ts";
export * from "./registry/errors.ts";
export * from "./registry/options/mod.ts";
export * from "./registry/plugin.ts";
export { Registry, registry } from "./registry/registry.ts";
