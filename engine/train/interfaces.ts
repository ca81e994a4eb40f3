/**
 * What the trainer is put together from, as plain interfaces: who implements them does not concern
 * the engine.
 * @module
 */
import type { Tensor } from "../ir/node.ts";

/**
 * What a model predicts.
 * @category Targets
 */
export type Task = "Classification" | "Regression";

/**
 * How targets are encoded: one class, several classes at once, or real values.
 * @category Targets
 */
export type Subtask = "multiclass" | "multilabel" | "regression";

/**
 * Facts that every part of a run may need to know about the targets.
 * @category Targets
 */
export interface TaskInfo {
  /** What is predicted. */
  readonly task: Task;
  /** How targets are encoded. */
  readonly subtask: Subtask;
  /** Number of classes; for regression the number of predicted values. */
  readonly numClasses: number;
}

/**
 * Options of one parameter's update.
 * @category Optimizers
 */
export interface ParameterOptions {
  /** Scalar factor on the learning rate, from `layer_wise_lr_decay`. */
  readonly lrScale: number;
  /** Weight decay of this parameter. */
  readonly weightDecay: number;
}

/**
 * What one optimizer step gets for one parameter.
 * @category Optimizers
 */
export interface UpdateInput {
  /** Current value. */
  readonly parameter: Tensor;
  /** Gradient of the loss, after clipping. */
  readonly gradient: Tensor;
  /** Current state, under the keys of {@linkcode Optimizer.state}. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** The inputs that {@linkcode Optimizer.scalars} announces. */
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** Options of this parameter. */
  readonly options: ParameterOptions;
}

/**
 * What one optimizer step computes for one parameter.
 * @category Optimizers
 */
export interface ParameterUpdate {
  /** The new value. */
  readonly parameter: Tensor;
  /**
   * The new state, under all keys of {@linkcode Optimizer.state}. An entry that stays as it is may be
   * returned as it came, which costs nothing.
   */
  readonly state: Readonly<Record<string, Tensor>>;
}

/**
 * State that an optimizer keeps for one parameter: same shape as the parameter, or a scalar.
 * @category Optimizers
 */
export interface StateSpec {
  /** Whether it has the parameter's shape or is a single number. */
  readonly shape: "parameter" | "scalar";
  /** Value before the first step. @default {0} */
  readonly initial?: number | "parameter";
}

/**
 * A gradient-based optimizer: pure graph functions over state that somebody else stores.
 * @category Optimizers
 */
export interface Optimizer {
  /**
   * State kept for one parameter, keyed as `torch.optim` keys it (`exp_avg`, `momentum_buffer`, …).
   * The step count is kept by the trainer and written as `step` where {@linkcode Optimizer.storesStep}.
   */
  state(shape: readonly number[]): Readonly<Record<string, StateSpec>>;
  /** Whether torch's state of this optimizer carries a `step` per parameter. */
  readonly storesStep: boolean;
  /**
   * Numbers that change from step to step, computed in double precision; each becomes a scalar
   * graph input.
   * @param step Number of this update, counted from 1.
   * @param lr Learning rate of this update.
   */
  scalars(step: number, lr: number): Readonly<Record<string, number>>;
  /**
   * Builds one parameter's update.
   * @param current The parameter, its gradient and its state.
   * @returns The new value and the new state.
   */
  update(current: UpdateInput): ParameterUpdate;
  /** The hyperparameters of torch's `param_groups` entry, besides `lr`, `weight_decay`, `params`. */
  readonly hyperparameters: Readonly<Record<string, unknown>>;
}

/**
 * How long a run trains.
 * @category Fine-tuning
 */
export interface RunLength {
  /** Updates in all epochs together. */
  readonly updates: number;
}

/**
 * The numbers between two updates.
 * @category Fine-tuning
 */
export interface StepValues {
  /** Updates so far, those from before the run was resumed among them. */
  readonly update: number;
  /**
   * The current values of a parameter. What is written into them counts from now on.
   * @param parameter The graph input that holds it.
   * @throws {TypeError} if it is not a parameter of the model.
   */
  value(parameter: Tensor): Float32Array;
  /**
   * The gradient of the last update, after clipping.
   * @param parameter One of {@linkcode StepHook.gradients}.
   * @throws {TypeError} if it is another, or there was no update yet.
   */
  gradient(parameter: Tensor): Float32Array;
}

/**
 * What somebody does between updates, outside the graph.
 * @category Fine-tuning
 */
export interface StepHook {
  /** Parameters whose gradients it looks at; absent where there are none. */
  readonly gradients?: readonly Tensor[];
  /**
   * Numbers that it keeps from update to update, by name; absent where there are none. Checkpoints
   * hold them, and a run that is resumed gets them back into the same arrays.
   */
  readonly state?: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  /**
   * Called before the first update, also of a run that is resumed; absent where nothing is to be
   * done then.
   * @param step The numbers before it.
   */
  start?(step: StepValues): void;
  /**
   * Called after each update.
   * @param step The numbers after it.
   */
  afterUpdate(step: StepValues): void;
}

/**
 * A learning-rate schedule that steps once per epoch.
 * @category Schedules
 */
export interface Schedule {
  /**
   * Gives the learning rate of an epoch.
   * @param epoch Epoch, counted from 0.
   * @returns Factor on the base learning rate.
   */
  factor(epoch: number): number;
}

/**
 * Predictions and targets that a metric is computed from.
 * @category Metrics
 */
export interface MetricInput extends TaskInfo {
  /** Number of samples. */
  readonly count: number;
  /**
   * `[count, num_classes]` row-major: softmax probabilities (multiclass), sigmoid probabilities
   * (multilabel) or predicted values (regression).
   */
  readonly scores: Float32Array;
  /**
   * Class indices `[count]`, or targets `[count, num_classes]`: from 0 to 1 for multilabel, any
   * numbers for regression.
   */
  readonly labels: Int32Array | Float32Array;
}

/**
 * Collects predictions batch by batch until the values of a whole split are asked for.
 * @category Metrics
 */
export interface MetricAccumulator {
  /**
   * Takes in a batch.
   * @param batch Predictions and targets of some samples; its arrays are not kept.
   */
  update(batch: MetricInput): void;
  /**
   * Computes the metric.
   * @returns Values of all samples so far by logged name, for example `{ Accuracy: 0.9 }`.
   */
  compute(): Readonly<Record<string, number>>;
}

/**
 * A number, or several, that says how good predictions are.
 * @category Metrics
 */
export interface Metric {
  /** Whether a larger value is better, so that the best checkpoint can be chosen by it. */
  readonly higherIsBetter: boolean;
  /**
   * For multilabel targets: above which value one between 0 and 1 counts as 1; absent where the
   * metric takes targets as they are.
   */
  readonly targetThreshold?: number;
  /** Starts a new collection; its memory should not grow with samples where that can be avoided. */
  accumulator(): MetricAccumulator;
}

/**
 * Numbers of one epoch.
 * @category Loggers
 */
export interface EpochValues {
  /** Epoch, counted from 0. */
  readonly epoch: number;
  /** Numbers by logged name, as {@linkcode Logger.log} gets them. */
  readonly values: Readonly<Record<string, number>>;
}

/**
 * What a run tells its logger at the start.
 * @category Loggers
 */
export interface RunInfo {
  /** Run directory, where the logger may keep files of its own. */
  readonly directory: string;
  /** The resolved config tree. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `add_log`: metadata that only loggers see. */
  readonly addLog: Readonly<Record<string, unknown>>;
  /** Key of the dataset. */
  readonly dataset: string;
  /** Name that all folds of the run share: `logger.group`, or the one that was made instead. */
  readonly group: string;
  /** Which fold, counted from 0; absent where nobody asked for folds. */
  readonly fold?: number;
  /** Versions, machine and time, as `runtime_info.json` holds them. */
  readonly runtimeInfo: Readonly<Record<string, unknown>>;
  /**
   * Epochs from before the run was resumed, from the first one on; none in a new run. The first epoch
   * that is logged is the one after them, even if the logger has heard of it before.
   */
  readonly earlier: readonly EpochValues[];
  /**
   * Tells the user something, once.
   * @param line One line.
   */
  notify(line: string): void;
}

/**
 * Where a run's numbers go besides its own files. What a logger throws ends the run, so one whose
 * service cannot be reached tells that by {@linkcode RunInfo.notify} instead.
 * @category Loggers
 */
export interface Logger {
  /** Called once, before the first epoch. */
  start(run: RunInfo): void | Promise<void>;
  /** Called after every epoch with that epoch's numbers, for example `{ val_Accuracy: 0.9 }`. */
  log(epoch: number, values: Readonly<Record<string, number>>): void | Promise<void>;
  /**
   * Takes an image that belongs to an epoch; absent where the logger has no place for images.
   * @param epoch Epoch, counted from 0; called before or after its numbers are logged.
   * @param name Name of the image, for example `val_ConfusionMatrix_absolute`.
   * @param png The bytes of a PNG file.
   */
  logImage?(epoch: number, name: string, png: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /**
   * Takes the numbers of the best checkpoint on the test split, and on the whole validation split
   * where epochs validate on a part of it; absent where the logger has no place for them. Called
   * once, at the end of a run that has such numbers.
   * @param epoch Epoch of the checkpoint, counted from 0.
   * @param values Numbers by logged name, for example `{ test_Accuracy: 0.9 }`.
   */
  logTest?(epoch: number, values: Readonly<Record<string, number>>): void | Promise<void>;
  /**
   * Takes a finished file of the run; absent where the logger keeps none. Called at the end.
   * @param path Path of the file, which stays where it is.
   * @param name Name of the file within the run, with slashes: `checkpoints/best.pt`.
   */
  artifact?(path: string, name: string): void | Promise<void>;
  /** Called once, at the end or after a failure. */
  finish(status: "finished" | "failed"): void | Promise<void>;
}
