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
 * What a run tells its logger at the start.
 * @category Loggers
 */
export interface RunInfo {
  /** Run directory. */
  readonly directory: string;
  /** The resolved config tree. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `add_log`: metadata that only loggers see. */
  readonly addLog: Readonly<Record<string, unknown>>;
}

/**
 * Where a run's numbers go besides its own files.
 * @category Loggers
 */
export interface Logger {
  /** Called once, before the first epoch. */
  start(run: RunInfo): void | Promise<void>;
  /** Called after every epoch with that epoch's numbers, for example `{ val_Accuracy: 0.9 }`. */
  log(epoch: number, values: Readonly<Record<string, number>>): void | Promise<void>;
  /** Called once, at the end or after a failure. */
  finish(status: "finished" | "failed"): void | Promise<void>;
}
