/**
 * Trains, evaluates and ships vision heads on precomputed features, and extracts the features.
 *
 * ```ts
 * import { configure, precomputed, precomputedFeatures, train } from "@glovita/glovita";
 * import { assertGreater } from "@std/assert";
 *
 * const [run] = await train([
 *   configure(precomputedFeatures, {
 *     num_classes: 10,
 *     train_features_file: "digits/digits_train.h5",
 *     val_features_file: "digits/digits_val.h5",
 *   }),
 *   configure(precomputed, { feature_dim: 64 }),
 *   { optimizer: { lr: 0.01 }, training: { epochs: 20 }, exp_dir: await Deno.makeTempDir() },
 * ]);
 * assertGreater(run.bestValue, 0.8); // accuracy on the validation file
 * ```
 *
 * A config is a list of parts: plugins with their options, chosen by {@linkcode configure}, and
 * fields that belong to no plugin. {@linkcode train} and {@linkcode extractFeatures} do the work,
 * {@linkcode trainEvents} and {@linkcode extractEvents} tell of it in a loop,
 * {@linkcode TrainedModel} and {@linkcode infer} predict with what was trained,
 * {@linkcode exportModel} writes an ONNX file for elsewhere, {@linkcode evaluatePredictions} says how good predictions are, {@linkcode inspect} what data is and
 * what is wrong with it, and {@linkcode plan} makes a config for it. All of them print nothing and
 * throw errors with fields: {@linkcode ConfigError}, {@linkcode DataError}, {@linkcode DeviceError},
 * {@linkcode TrainingError}.
 *
 * Importing this module adds the built-in plugins to the default registry, opens no file and loads
 * no native code. The other entries of the package:
 *
 * - `/plugin`, `/parts`, `/testing`: contracts of plugins, what the built-in ones are made of, and
 *   checks for yours. Each built-in plugin is an entry of its own, for example `/head_type/clam`.
 * - `/engine`, `/nn`, `/vision`: tensors and gradients, layers, architectures.
 * - `/features`, `/images`, `/pretrained`: feature files, images, weights from elsewhere.
 * - `/cli`: the command `glovita`.
 * @module
 */
export type { Labels } from "./engine/data/data.ts";
export type { Predictions } from "./engine/data/predictions.ts";
export {
  DataError,
  type DataErrorOptions,
  DeviceError,
  PartError,
  TrainingError,
} from "./engine/errors.ts";
export type { DeviceChoice } from "./engine/runtime/session_options.ts";
export * from "./engine/train/events.ts";
export type { ParameterCount } from "./engine/train/parameter_counts.ts";
export {
  type Model,
  type ModelInputs,
  type PredictionGraph,
  predictionGraph,
} from "./engine/train/model.ts";
export type * from "./jobs/pack/events.ts";
export { pack, type PackOptions } from "./jobs/pack/pack.ts";
export type { CalibrationBin } from "./engine/metrics/calibration.ts";
export { type EvaluateOptions, evaluatePredictions } from "./jobs/evaluate/evaluate.ts";
export type * from "./jobs/evaluate/evaluation.ts";
export { evaluateFolds } from "./jobs/evaluate/folds.ts";
export { type ExportedModel, exportModel, type ExportOptions } from "./jobs/export/export.ts";
export type { ModelFiles } from "./jobs/export/model_file.ts";
export type { ExtractConfigInput } from "./jobs/extract/config_input.ts";
export type * from "./jobs/extract/events.ts";
export { extractFeatures, type ExtractOptions } from "./jobs/extract/extract.ts";
export { extractEvents } from "./jobs/extract/stream.ts";
export { infer, type Inference, type InferOptions } from "./jobs/predict/infer.ts";
export type { WrittenAttention } from "./jobs/predict/infer_attention.ts";
export type * from "./jobs/predict/infer_events.ts";
export type { BagAttention } from "./jobs/attention/bag_attention.ts";
export { inspect, type InspectOptions } from "./jobs/inspect/inspect.ts";
export type * from "./jobs/inspect/inspection.ts";
export type { Decision } from "./jobs/plan/decision.ts";
export { type Plan, plan, type PlanOptions } from "./jobs/plan/plan.ts";
export type { ModelDeviceOptions, ModelPrecision } from "./jobs/predict/model_device.ts";
export {
  type FilePrediction,
  type PredictedBatch,
  type PredictFileOptions,
  type Prediction,
  type PredictSplitOptions,
  type Samples,
  TrainedModel,
} from "./jobs/predict/trained_model.ts";
export type { PreviewFields } from "./jobs/preview/config.ts";
export { type Preview, preview, type PreviewOptions } from "./jobs/preview/preview.ts";
export { trainEvents } from "./jobs/train/stream.ts";
export {
  type EpochNumbers,
  train,
  type TrainedFold,
  type TrainOptions,
} from "./jobs/train/train.ts";
export * from "./plugins/mod.ts";
export { buildModel, type BuildModelOptions } from "./registry/builder/build_model.ts";
export type { ConfigInput } from "./registry/builder/config_input.ts";
export type { ExportConfig } from "./registry/config/export.ts";
export {
  type ExtractConfig,
  type ExtractConfigFields,
  type ExtractFields,
  type ExtractLoading,
  type ExtractPart,
  resolveExtractConfig,
} from "./registry/config/extract.ts";
export {
  type InferConfig,
  type InferConfigFields,
  type InferFields,
  type InferLoading,
  type InferPart,
  resolveInferConfig,
} from "./registry/config/infer.ts";
export { type Flag, flag } from "./registry/config/flag.ts";
export type { PackConfig, PackConfigFields, PackFields, PackPart } from "./registry/config/pack.ts";
export { type ConfigSources, type Resolution, resolveConfig } from "./registry/config/resolve.ts";
export type * from "./registry/config/tree.ts";
export {
  type ConfigPart,
  configure,
  type Configured,
  type PartialOptions,
} from "./registry/configure.ts";
export {
  ConfigError,
  type ConfigIssue,
  DuplicateKeyError,
  PluginError,
  type PluginErrorOptions,
  UnknownKeyError,
} from "./registry/errors.ts";
export { Registry, registry } from "./registry/registry.ts";
