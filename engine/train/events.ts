/**
 * What a training run reports while it runs. The library prints nothing; who wants lines or a
 * progress bar renders these events.
 * @module
 */
import type { ParameterCount } from "./parameter_counts.ts";

/**
 * Numbers by logged name, for example `{ loss: 0.3, Accuracy: 0.9 }`.
 * @category Training
 */
export type Values = Readonly<Record<string, number>>;

/**
 * A fold's run directory exists and its data is open.
 * @category Training
 */
export interface RunStarted {
  /** Discriminant. */
  readonly type: "run";
  /** Run directory: `exp_dir/<dataset>/<group>/<fold>`. */
  readonly directory: string;
  /** Fold, counted from 0. */
  readonly fold: number;
  /** Folds in all. */
  readonly folds: number;
  /** Epochs in all. */
  readonly epochs: number;
  /** Epochs that an earlier, resumed run has finished. */
  readonly firstEpoch: number;
  /** Batches an epoch. */
  readonly batches: number;
  /** Samples by split. */
  readonly samples: Readonly<Record<string, number>>;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Trainable and all parameters of encoder, PEFT method and head, as far as they have any. */
  readonly parameterCounts: readonly ParameterCount[];
  /** Names of the classes by index, where the dataset knows them. */
  readonly classNames?: readonly string[];
}

/**
 * Some of the samples of a split have gone through an encoder that does not train.
 * @category Training
 */
export interface SamplesEncoded {
  /** Discriminant. */
  readonly type: "encode";
  /** Which split. */
  readonly split: "train" | "val" | "test";
  /** Samples so far. */
  readonly done: number;
  /** Samples of the split. */
  readonly samples: number;
}

/**
 * A training batch is done.
 * @category Training
 */
export interface BatchDone {
  /** Discriminant. */
  readonly type: "batch";
  /** Epoch, counted from 0. */
  readonly epoch: number;
  /** Batch within the epoch, counted from 0. */
  readonly batch: number;
  /** Batches an epoch. */
  readonly batches: number;
  /** Loss of the batch. */
  readonly loss: number;
}

/**
 * An epoch is done: trained, evaluated and saved.
 * @category Training
 */
export interface EpochDone {
  /** Discriminant. */
  readonly type: "epoch";
  /** Epoch, counted from 0. */
  readonly epoch: number;
  /** Epochs in all. */
  readonly epochs: number;
  /** Learning rate of the epoch. */
  readonly lr: number;
  /** The epoch's numbers on the training split, prefixed `train_`. */
  readonly train: Values;
  /** The epoch's numbers on the validation split, prefixed `val_`. */
  readonly val: Values;
  /** Wall time of the epoch in seconds. */
  readonly seconds: number;
  /** Whether this epoch is the best so far. */
  readonly best: boolean;
}

/**
 * Something that the user should know, once.
 * @category Training
 */
export interface Notice {
  /** Discriminant. */
  readonly type: "notice";
  /** One line. */
  readonly message: string;
}

/**
 * A fold is done.
 * @category Training
 */
export interface RunDone {
  /** Discriminant. */
  readonly type: "done";
  /** Run directory. */
  readonly directory: string;
  /** Fold, counted from 0. */
  readonly fold: number;
  /** Name of the value that chose the best checkpoint, for example `val_Accuracy`. */
  readonly bestMetric: string;
  /** Its best value. */
  readonly bestValue: number;
  /** Epoch of the best value, counted from 0. */
  readonly bestEpoch: number;
  /**
   * Numbers of the best checkpoint on the whole validation split, prefixed `final_val_`; present
   * where epochs validate on a part of it.
   */
  readonly finalVal?: Values;
  /** Numbers of the best checkpoint on the test split, prefixed `test_`; absent without one. */
  readonly test?: Values;
}

/**
 * Everything that training reports.
 * @category Training
 */
export type TrainEvent =
  | RunStarted
  | SamplesEncoded
  | BatchDone
  | EpochDone
  | Notice
  | RunDone;
