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
} from "./engine/storage/feature_file.ts";
export { FeatureWriter, type FeatureWriterOptions } from "./engine/storage/feature_writer.ts";
export * from "./engine/train/collate.ts";
export type { Batch, PaddedBatch } from "./engine/train/data.ts";
export * from "./engine/train/events.ts";
export type { NoOptions } from "./plugins/metric/_metric.ts";
export * from "./plugins/mod.ts";
export {
  type Model,
  type ModelGraph,
  modelGraph,
  type ModelInputs,
  type ModelOutput,
  type PredictionGraph,
  predictionGraph,
} from "./engine/train/model.ts";
export { buildModel, type BuildModelOptions } from "./registry/builder/build_model.ts";
export { extractFeatures, type ExtractOptions } from "./registry/builder/extract.ts";
export type * from "./registry/builder/extract_events.ts";
export { extractEvents } from "./registry/builder/extract_stream.ts";
export type { GivenConfig, GivenExtractConfig } from "./registry/builder/given_config.ts";
export {
  type EpochNumbers,
  train,
  type TrainedFold,
  type TrainOptions,
} from "./registry/builder/train.ts";
export { trainEvents } from "./registry/builder/train_events.ts";
export {
  type FilePrediction,
  type Prediction,
  type Samples,
  TrainedModel,
} from "./registry/builder/trained_model.ts";
export { type AugmentationConfig, augmentationSchema } from "./registry/config/augmentation.ts";
export {
  type ExtractConfig,
  type ExtractConfigFields,
  type ExtractFields,
  type ExtractLoading,
  type ExtractPart,
  resolveExtractConfig,
} from "./registry/config/extract.ts";
export { type Flag, flag } from "./registry/config/flags.ts";
export { type ConfigSources, type Resolution, resolveConfig } from "./registry/config/resolve.ts";
export type * from "./registry/config/tree.ts";
export {
  type ConfigPart,
  configure,
  type Configured,
  type PartialOptions,
} from "./registry/configure.ts";
export * from "./registry/errors.ts";
export type * from "./registry/plugin.ts";
export { Registry, registry } from "./registry/registry.ts";
