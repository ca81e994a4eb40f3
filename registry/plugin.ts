/**
 * The contracts that plugins implement, slot by slot. A plugin is a plain object with its slot, its
 * key, the schema of its options and a `create` method; a built-in and a third party's look the same.
 *
 * What a plugin gives is checked against these contracts when a run is built, and whatever its
 * methods throw is reported with slot and key. A `DataError` passes as it is.
 * @module
 */
import type * as v from "valibot";
import type { Tensor } from "../engine/ir/node.ts";
import type { Logger, Optimizer, Schedule, Subtask, TaskInfo } from "../engine/train/interfaces.ts";
import type { ModelOutput } from "../engine/train/model.ts";
import type { ForwardContext, Scope } from "../engine/nn/scope.ts";
import type { Bags } from "../engine/nn/bags.ts";
import type { Split, SplitName } from "../engine/data/data.ts";
import type { Preprocessing } from "../engine/images/preprocessing.ts";
import type { ImageTransform } from "../engine/images/transform.ts";
import type {
  EncoderOutput,
  EncoderReader,
  PretrainedOptions,
  PretrainedWeights,
} from "./encoder_parts.ts";
import type { ResampledMetric } from "./metric_parts.ts";
import type { Peft } from "./peft_parts.ts";

export type { DownloadProgress } from "../engine/hub/download.ts";
export type { Interpolation, Preprocessing } from "../engine/images/preprocessing.ts";
export type { AutoOperationName, PixelOperation } from "../engine/images/pixel_operation.ts";
export type { ImageOperation, ImageTransform } from "../engine/images/transform.ts";
export type {
  FeaturesOrigin,
  Labels,
  OpenSource,
  ReadOptions,
  ReadRandom,
  Rows,
  SkippedSample,
  Source,
  SourceModule,
  Split,
} from "../engine/data/data.ts";

export { SPLIT_NAMES, type SplitName } from "../engine/data/data.ts";

export type {
  EpochValues,
  Logger,
  Metric,
  MetricAccumulator,
  MetricInput,
  Optimizer,
  ParameterOptions,
  ParameterUpdate,
  RunInfo,
  RunLength,
  Schedule,
  StateSpec,
  StepHook,
  StepValues,
  Subtask,
  Task,
  TaskInfo,
  UpdateInput,
} from "../engine/train/interfaces.ts";

export type { ModelOutput } from "../engine/train/model.ts";

/**
 * A dataset that a plugin opened: facts, and splits on request.
 * @category Datasets
 */
export interface Dataset extends TaskInfo {
  /** Names of the classes by index, where the dataset knows them. */
  readonly classNames?: readonly string[];
  /** Number of folds that it makes itself: those that the context asks for, or none. */
  readonly folds?: number;
  /**
   * Options that nobody gave and that it found in the data, for the records of a run: with them it
   * is what it is without looking at the data again.
   */
  readonly found?: Readonly<Record<string, unknown>>;
  /**
   * Reads the headers of a split; rows are read later, on another thread.
   * @param split Which split.
   * @returns The split, or `undefined` if the dataset has none of that name.
   * @throws {DataError} if the split exists but cannot be used.
   */
  open(split: SplitName): Promise<Split | undefined>;
}

/**
 * What a `dataset` plugin gets besides its own options.
 * @category Datasets
 */
export interface DatasetContext {
  /** `data.data_root_dir`, or the working directory. */
  readonly dataRootDir: string;
  /** Which fold of a dataset that knows folds: `data.fold`, or the one of a cross-validation. */
  readonly fold?: number;
  /** `training.cv_folds`, in a cross-validation. */
  readonly folds?: number;
  /**
   * Whether samples may come without targets, as they do where a model only predicts. A split without
   * targets says so by {@linkcode Split.unlabelled}. @default {false}
   */
  readonly mayLackLabels?: boolean;
  /** What becomes of images; absent where the encoder takes none. */
  readonly images?: ImageTransforms;
}

/**
 * What becomes of a dataset's images.
 * @category Datasets
 */
export interface ImageTransforms {
  /** For the training split. */
  readonly train: ImageTransform;
  /** For the other splits. */
  readonly eval: ImageTransform;
}

export type {
  EncoderOutput,
  EncoderReader,
  PretrainedOptions,
  PretrainedWeights,
} from "./encoder_parts.ts";

export type { ResampledMetric, Resampler } from "./metric_parts.ts";

export type { CalibratedParameter } from "../engine/train/calibration.ts";
export type { Calibration, Peft } from "./peft_parts.ts";

/**
 * A part of the model that turns samples into embeddings.
 * @category Encoders
 */
export interface Encoder {
  /** Layout of the output. */
  readonly output: EncoderOutput;
  /** Width of the output. */
  readonly embedDim: number;
  /** For `tokens`: how many tokens precede the patches, class token first. @default {0} */
  readonly numPrefixTokens?: number;
  /** For `tokens`: whether the first token is a class token. @default {false} */
  readonly hasClassToken?: boolean;
  /** What runs before the graph, where samples are read; absent where there is nothing. */
  readonly reader?: EncoderReader;
  /**
   * Reads what the parameters start from instead of their initializers; absent where they start
   * from these. Asked for once, by runs that have no checkpoint.
   * @param options Progress and abort of downloads.
   * @throws {DataError} if the weights are not at hand or do not fit.
   */
  pretrained?(options: PretrainedOptions): Promise<PretrainedWeights>;
  /**
   * Names that one of its parameters has in files of others, besides its own; absent where there
   * are none.
   * @param name Name of the parameter within the encoder's scope.
   */
  readonly otherNames?: (name: string) => readonly string[];
  /**
   * Builds the encoder's graph.
   * @param input Samples `[batch, ...sampleShape]`, or what the reader makes of them.
   * @param context Mode and random numbers.
   */
  forward(input: Tensor, context: ForwardContext): Tensor;
}

/**
 * What an `encoder_type` plugin gets besides its own options.
 * @category Encoders
 */
export interface EncoderContext {
  /** Where the encoder asks for parameters. */
  readonly scope: Scope;
  /** Shape of one sample (of one instance, for bags) as the dataset gives it. */
  readonly sampleShape: readonly number[];
  /** Where the samples come from, for messages: a file path or folder. */
  readonly source: string;
}

/**
 * What a head consumes.
 * @category Heads
 */
export interface HeadInput {
  /** `[batch, embed_dim]`; for a head over bags `[instances, embed_dim]`, all bags' rows packed. */
  readonly features: Tensor;
  /** Which rows belong to which bag; present exactly when samples are bags. */
  readonly bags?: Bags;
  /** Targets: `int64 [batch]` classes, or `float32 [batch, width]`; absent outside training. */
  readonly labels?: Tensor;
}

/**
 * The part of the model that turns embeddings into predictions.
 * @category Heads
 */
export interface Head {
  /** `embedding` takes one vector per sample; `bag` takes bags of instances, as they come. */
  readonly input: "embedding" | "bag";
  /**
   * Names that one of its parameters has in files of others, besides its own; absent where there
   * are none.
   * @param name Name of the parameter within the head's scope.
   */
  readonly otherNames?: (name: string) => readonly string[];
  /**
   * Builds the head's graph.
   * @param input Features, bags and labels.
   * @param context Mode and random numbers.
   */
  forward(input: HeadInput, context: ForwardContext): ModelOutput;
}

/**
 * What a `head_type` plugin gets besides its own options.
 * @category Heads
 */
export interface HeadContext extends TaskInfo {
  /** Where the head asks for parameters. */
  readonly scope: Scope;
  /** Width of the features that reach the head. */
  readonly embedDim: number;
}

/**
 * What an `optimizer` plugin gets besides its own options.
 * @category Optimizers
 */
export interface OptimizerContext {
  /** `optimizer.lr`. */
  readonly lr: number;
}

/**
 * What a `scheduler` plugin gets besides its own options.
 * @category Schedules
 */
export interface ScheduleContext {
  /** `training.epochs`. */
  readonly epochs: number;
}

/**
 * What a `policy` plugin gets besides its own options: it decides where `data` says nothing.
 * @category Policies
 */
export interface PolicyContext {
  /** What the encoder expects of images. */
  readonly preprocessing: Preprocessing;
  /** Whose images the policy changes. @default "train" */
  readonly use?: "train" | "test";
  /** Key of the dataset; absent where it is not known. */
  readonly dataset?: string;
  /** `data.augmentation.image_size`, or the same name in `train_kwargs` or `test_kwargs`. */
  readonly imageSize?: number;
  /** `data.augmentation.resize_size`, likewise. */
  readonly resizeSize?: number;
  /** `data.augmentation.crop_size`, likewise. */
  readonly cropSize?: number;
  /** `data.augmentation.cutout_size`, likewise. */
  readonly cutoutSize?: number;
  /** `data.augmentation.mean`, likewise. */
  readonly mean?: readonly number[];
  /** `data.augmentation.std`, likewise. */
  readonly std?: readonly number[];
}

/**
 * What each slot's plugins create. A new slot is a new line here and in `slots.ts`.
 * @category Plugins
 */
export interface SlotProducts {
  /** Samples and targets. */
  readonly dataset: Dataset;
  /** Samples to embeddings. */
  readonly encoder_type: Encoder;
  /** Embeddings to predictions. */
  readonly head_type: Head;
  /** Gradient-based optimizers. */
  readonly optimizer: Optimizer;
  /** Which parameters train, and how. */
  readonly peft: Peft;
  /** Learning-rate schedules. */
  readonly scheduler: Schedule;
  /** Measures of quality. */
  readonly metric: ResampledMetric;
  /** Destinations of a run's numbers. */
  readonly logger: Logger;
  /** From decoded images to an encoder's input. */
  readonly policy: ImageTransform;
}

/**
 * What each slot's `create` gets besides its own options.
 * @category Plugins
 */
export interface SlotContexts {
  /** For datasets. */
  readonly dataset: DatasetContext;
  /** For encoders. */
  readonly encoder_type: EncoderContext;
  /** For heads. */
  readonly head_type: HeadContext;
  /** For optimizers. */
  readonly optimizer: OptimizerContext;
  /** For PEFT methods: nothing. */
  readonly peft: Readonly<Record<never, never>>;
  /** For schedules. */
  readonly scheduler: ScheduleContext;
  /** For metrics. */
  readonly metric: TaskInfo;
  /** For loggers: nothing. */
  readonly logger: Readonly<Record<never, never>>;
  /** For policies. */
  readonly policy: PolicyContext;
}

/**
 * What a plugin's `create` may return: datasets and encoders may have to look at files first.
 * @category Plugins
 */
export type Created<S extends Slot> = S extends "dataset" | "encoder_type"
  ? SlotProducts[S] | Promise<SlotProducts[S]>
  : SlotProducts[S];

/**
 * Names of the slots.
 * @category Plugins
 */
export type Slot = keyof SlotProducts;

/**
 * Schema of options, which flags, help and messages are made from; `options({...})` makes one.
 * @category Options
 */
export type OptionsSchema<C> = v.GenericSchema<unknown, C>;

/**
 * A plugin: one value that says where it belongs, what it is called and how it is made.
 * @category Plugins
 */
export interface Plugin<S extends Slot = Slot, C = unknown> {
  /** Slot it belongs to. */
  readonly slot: S;
  /** Key in that slot, as it stands in a config file. */
  readonly key: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** Its options, made by `options({...})`. */
  readonly config: OptionsSchema<C>;
  /**
   * Makes the slot's product. An option that a user set and that nothing has read when training
   * begins is told as ignored: options are to be read where they have an effect.
   * @param config Options that {@linkcode Plugin.config} has accepted.
   * @param context What the slot's plugins get besides their options.
   * @throws {RangeError} if the options do not fit the run; reported as a problem of the config.
   * @throws {DataError} if the data does not fit the options.
   */
  create(config: C, context: SlotContexts[S]): Created<S>;
}

/**
 * A metric's plugin, which also says what targets the metric is defined for.
 * @category Metrics
 */
export interface MetricPlugin<C = unknown> extends Plugin<"metric", C> {
  /** Encodings of targets that `create` accepts; absent where it accepts every one. */
  readonly subtasks?: readonly Subtask[];
}

/**
 * An encoder's plugin, which also says what images it takes.
 * @category Encoders
 */
export interface EncoderPlugin<C = unknown> extends Plugin<"encoder_type", C> {
  /**
   * Says what the encoder expects of images; absent for encoders that take none.
   * @param config Options that {@linkcode Plugin.config} has accepted.
   * @throws {RangeError} if the options name no encoder.
   * @throws {DataError} if a file that says it cannot be read.
   */
  preprocessing?(config: C): Preprocessing;
}

/**
 * A dataset's plugin, which also says what its images are like.
 * @category Datasets
 */
export interface DatasetPlugin<C = unknown> extends Plugin<"dataset", C> {
  /**
   * Says how its images are prepared for an encoder without trained weights, which asks for nothing;
   * absent where the policies decide.
   * @param config Options that {@linkcode Plugin.config} has accepted.
   */
  preprocessing?(config: C): Omit<Preprocessing, "channels" | "nominalSize">;
}
