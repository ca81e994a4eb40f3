/**
 * The contracts that plugins implement, slot by slot. A plugin is a plain object with its slot, its
 * key, the schema of its options and a `create` method; a built-in and a third party's look the same.
 * @module
 */
import type * as v from "valibot";
import type { Tensor } from "../engine/ir/node.ts";
import type {
  Logger,
  Metric,
  Optimizer,
  Schedule,
  Subtask,
  TaskInfo,
} from "../engine/train/interfaces.ts";
import type { ForwardContext, Scope } from "../engine/nn/scope.ts";
import type { Bags } from "../engine/nn/bags.ts";
import type { SourceModule, Split } from "../engine/data/data.ts";
import type { DownloadProgress } from "../engine/hub/download.ts";
import type { Preprocessing } from "../engine/images/preprocessing.ts";
import type { ImageTransform } from "../engine/images/transform.ts";

export type { DownloadProgress } from "../engine/hub/download.ts";
export type { Interpolation, Preprocessing } from "../engine/images/preprocessing.ts";
export type { ImageOperation, ImageTransform } from "../engine/images/transform.ts";
export type {
  FeaturesOrigin,
  Labels,
  OpenSource,
  ReadOptions,
  Rows,
  SkippedSample,
  Source,
  SourceModule,
  Split,
} from "../engine/data/data.ts";

/** Name of a split. */
export type SplitName = "train" | "val" | "test";

export type {
  Logger,
  Metric,
  MetricAccumulator,
  MetricInput,
  Optimizer,
  ParameterOptions,
  ParameterUpdate,
  RunInfo,
  Schedule,
  StateSpec,
  Subtask,
  Task,
  TaskInfo,
  UpdateInput,
} from "../engine/train/interfaces.ts";

/** A dataset that a plugin opened: facts, and splits on request. */
export interface Dataset extends TaskInfo {
  /** Names of the classes by index, where the dataset knows them. */
  readonly classNames?: readonly string[];
  /**
   * Reads the headers of a split; rows are read later, on another thread.
   * @param split Which split.
   * @returns The split, or `undefined` if the dataset has none of that name.
   * @throws {DataError} if the split exists but cannot be used.
   */
  open(split: SplitName): Promise<Split | undefined>;
}

/** What a `dataset` plugin gets besides its own options. */
export interface DatasetContext {
  /** `data.data_root_dir`, or the working directory. */
  readonly dataRootDir: string;
  /** `data.fold`: which fold of a dataset that knows folds. */
  readonly fold?: number;
  /** What becomes of images; absent where the encoder takes none. */
  readonly images?: ImageTransforms;
}

/** What becomes of a dataset's images. */
export interface ImageTransforms {
  /** For the training split. */
  readonly train: ImageTransform;
  /** For the other splits. */
  readonly eval: ImageTransform;
}

/** How an encoder's output is laid out. */
export type EncoderOutput =
  /** `[batch, embed_dim]`, or `[instances, embed_dim]` when samples are bags. */
  | "features"
  /** `[batch, tokens, embed_dim]`, prefix (class and register) tokens first. */
  | "tokens"
  /** `[batch, embed_dim, height, width]`. */
  | "map";

/** Values that parameters start from. */
export interface PretrainedWeights {
  /** Values by name within the encoder's scope. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** File that they come from. */
  readonly file: string;
  /** SHA-256 of the file, hexadecimal; needed where no parameter holds its weights. */
  readonly sha256?: string;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** How pretrained weights are fetched. */
export interface PretrainedOptions {
  /** Called as a download goes on. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Stops a download. */
  readonly signal?: AbortSignal;
}

/** A stage of its own between a dataset and the graph: it runs where samples are read. */
export interface EncoderReader {
  /** Shape that a sample has after it. */
  readonly inputShape: readonly number[];
  /** How many samples it takes at once, where fewer cost as much. @default {1} */
  readonly batch?: number;
  /** About how many bytes each thread that reads holds for it. @default {0} */
  readonly bytes?: number;
  /**
   * Puts the stage behind a dataset's source.
   * @param source Where the dataset's samples come from.
   * @param options Threads that compute, for each thread that reads; 1 where not given.
   * @returns A source of samples of {@linkcode EncoderReader.inputShape}.
   */
  wrap(source: SourceModule, options?: { readonly threads?: number }): SourceModule;
}

/** A part of the model that turns samples into embeddings. */
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
   * Builds the encoder's graph.
   * @param input Samples `[batch, ...sampleShape]`, or what the reader makes of them.
   * @param context Mode and random numbers.
   */
  forward(input: Tensor, context: ForwardContext): Tensor;
}

/** What an `encoder_type` plugin gets besides its own options. */
export interface EncoderContext {
  /** Where the encoder asks for parameters. */
  readonly scope: Scope;
  /** Shape of one sample (of one instance, for bags) as the dataset gives it. */
  readonly sampleShape: readonly number[];
  /** Where the samples come from, for messages: a file path or folder. */
  readonly source: string;
}

/** What a head consumes. */
export interface HeadInput {
  /** `[batch, embed_dim]`; for a head over bags `[instances, embed_dim]`, all bags' rows packed. */
  readonly features: Tensor;
  /** Which rows belong to which bag; present exactly when samples are bags. */
  readonly bags?: Bags;
  /** Targets: `int64 [batch]` classes, or `float32 [batch, width]`; absent outside training. */
  readonly labels?: Tensor;
}

/** What a head computes. */
export interface HeadOutput {
  /** `[batch, num_classes]`: logits, or predicted values for regression. */
  readonly logits: Tensor;
  /** Auxiliary losses by name, scalars that already carry their weight; added to the task's loss. */
  readonly losses?: Readonly<Record<string, Tensor>>;
  /** Attention logits `[branches, instances]` before softmax, for heads that attend. */
  readonly attention?: Tensor;
}

/** The part of the model that turns embeddings into predictions. */
export interface Head {
  /** `embedding` takes one vector a sample; `bag` takes bags of instances, as they come. */
  readonly input: "embedding" | "bag";
  /**
   * Builds the head's graph.
   * @param input Features, bags and labels.
   * @param context Mode and random numbers.
   */
  forward(input: HeadInput, context: ForwardContext): HeadOutput;
}

/** What a `head_type` plugin gets besides its own options. */
export interface HeadContext extends TaskInfo {
  /** Where the head asks for parameters. */
  readonly scope: Scope;
  /** Width of the features that reach the head. */
  readonly embedDim: number;
}

/** Parameter-efficient fine-tuning: decides what trains by transforming scopes. */
export interface Peft {
  /**
   * Transforms the encoder's scope.
   * @param scope The scope that the encoder would get.
   * @returns The scope that it gets instead.
   */
  encoder(scope: Scope): Scope;
  /**
   * Transforms the head's scope.
   * @param scope The scope that the head would get.
   * @returns The scope that it gets instead.
   */
  head(scope: Scope): Scope;
}

/** What an `optimizer` plugin gets besides its own options. */
export interface OptimizerContext {
  /** `optimizer.lr`. */
  readonly lr: number;
}

/** What a `scheduler` plugin gets besides its own options. */
export interface ScheduleContext {
  /** `training.epochs`. */
  readonly epochs: number;
}

/** What a `policy` plugin gets besides its own options: it decides where `data` says nothing. */
export interface PolicyContext {
  /** What the encoder expects of images. */
  readonly preprocessing: Preprocessing;
  /** `data.augmentation.image_size`. */
  readonly imageSize?: number;
  /** `data.augmentation.resize_size`. */
  readonly resizeSize?: number;
  /** `data.augmentation.crop_size`. */
  readonly cropSize?: number;
  /** `data.augmentation.mean`. */
  readonly mean?: readonly number[];
  /** `data.augmentation.std`. */
  readonly std?: readonly number[];
}

/** What each slot's plugins create. A new slot is a new line here and in `slots.ts`. */
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
  readonly metric: Metric;
  /** Destinations of a run's numbers. */
  readonly logger: Logger;
  /** From decoded images to an encoder's input. */
  readonly policy: ImageTransform;
}

/** What each slot's `create` gets besides its own options. */
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

/** What a plugin's `create` may return: an encoder may have to look at files first. */
export type Created<S extends Slot> = S extends "encoder_type"
  ? SlotProducts[S] | Promise<SlotProducts[S]>
  : SlotProducts[S];

/** Names of the slots. */
export type Slot = keyof SlotProducts;

/** Schema of a plugin's options: a valibot strict object, so that flags and help are made from it. */
export type OptionsSchema<C> = v.GenericSchema<unknown, C>;

/** A plugin: one value that says where it belongs, what it is called and how it is made. */
export interface Plugin<S extends Slot = Slot, C = unknown> {
  /** Slot it belongs to. */
  readonly slot: S;
  /** Key in that slot, as it stands in a config file. */
  readonly key: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** Schema of its options (`v.strictObject`), defaults and descriptions inside. */
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

/** A metric's plugin, which also says what targets the metric is defined for. */
export interface MetricPlugin<C = unknown> extends Plugin<"metric", C> {
  /** Encodings of targets that `create` accepts; absent where it accepts every one. */
  readonly subtasks?: readonly Subtask[];
}

/** An encoder's plugin, which also says what images it takes. */
export interface EncoderPlugin<C = unknown> extends Plugin<"encoder_type", C> {
  /**
   * Says what the encoder expects of images; absent for encoders that take none.
   * @param config Options that {@linkcode Plugin.config} has accepted.
   * @throws {RangeError} if the options name no encoder.
   * @throws {DataError} if a file that says it cannot be read.
   */
  preprocessing?(config: C): Preprocessing;
}
