/**
 * What the trainer trains: everything that one fold takes, built by somebody else.
 * @module
 */
import type { SessionOptions } from "../runtime/session.ts";
import type { CalibrationPlan } from "./calibration.ts";
import type { CheckpointPlan } from "./checkpoint.ts";
import type { FeaturesOrigin } from "../data/data.ts";
import type { SplitSummary } from "../data/split_summary.ts";
import type { DataFacts } from "../data/data_facts.ts";
import type { TrainDevice } from "./device.ts";
import type { MetricMode } from "./evaluate.ts";
import type { TrainEvent } from "./events.ts";
import type { Logger, Metric, Schedule } from "./interfaces.ts";
import type { Loader } from "../data/loader.ts";
import type { FrozenEncoder } from "./frozen_encoder.ts";
import type { Mixing } from "./mixing.ts";
import type { Model } from "./model.ts";
import type { RunDirectory } from "./run_directory.ts";

/** The validation value that chooses the best checkpoint. */
export interface BestMetric {
  /** Name as it is logged, for example `val_Accuracy`. */
  readonly name: string;
  /** Whether a larger value is better. */
  readonly higherIsBetter: boolean;
}

/** When a run ends before its last epoch. */
export interface EarlyStopping {
  /** The validation value that must get better. */
  readonly metric: BestMetric;
  /** Epochs without a better value that end the run. */
  readonly patience: number;
  /** Epochs that are trained in any case. */
  readonly minEpochs: number;
}

/** Everything that training one fold takes. */
export interface TrainPlan extends CheckpointPlan {
  /** The model. */
  readonly model: Model;
  /** The encoder, where its features are computed once; absent where they are part of each step. */
  readonly frozen?: FrozenEncoder;
  /** Batches by split. */
  readonly loaders: { readonly train: Loader; readonly val: Loader; readonly test?: Loader };
  /** About how many instances a batch of bags has: large ones are computed in blocks of rows. */
  readonly expectedRows?: { readonly train: number; readonly eval: number };
  /** How entries that train are chosen before the first epoch; absent where all of them train. */
  readonly calibration?: CalibrationPlan;
  /** What a parameter is a part of, by its name: `encoder`, `peft` or `head`. */
  groupOf(name: string): string;
  /** Learning-rate schedule. */
  readonly schedule: Schedule;
  /** What is measured. */
  readonly metrics: readonly Metric[];
  /** Whether metrics see an epoch as a whole. */
  readonly metricMode: MetricMode;
  /** Destination of the numbers besides the run's own files. */
  readonly logger: Logger;
  /** Number of epochs. */
  readonly epochs: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** Label smoothing of the cross entropy. */
  readonly labelSmoothing: number;
  /** What mixes training samples; absent where nothing does. */
  readonly mixing?: Mixing;
  /** Largest global norm of the gradient. */
  readonly clipNorm?: number;
  /** Batches an update. */
  readonly accumulate: number;
  /** Validation batches before the first epoch. */
  readonly sanitySteps: number;
  /** Most validation batches after an epoch: the whole split is then measured at the end. */
  readonly valSteps?: number;
  /** What chooses the best checkpoint. */
  readonly bestMetric: BestMetric;
  /** When to stop before the last epoch. */
  readonly earlyStopping?: EarlyStopping;
  /** Whether checkpoints are written. */
  readonly checkpoints: boolean;
  /** Which fold it is, and of how many. */
  readonly fold: { readonly index: number; readonly count: number };
  /** Where files go. */
  readonly directory: RunDirectory;
  /** Whether to go on from the directory's `last.pt`. */
  readonly resume: boolean;
  /** Whether it goes on although numbers of earlier epochs are missing. */
  readonly resumeAnyway?: boolean;
  /** What the data is recognised by, by split. */
  readonly data?: Readonly<Record<string, DataFacts>>;
  /** What each split consists of. */
  readonly splits?: Readonly<Record<string, SplitSummary>>;
  /** Options that the dataset has found in the data, for the records of the run. */
  readonly found?: Readonly<Record<string, unknown>>;
  /** Names of the classes by index, where the dataset knows them. */
  readonly classNames?: readonly string[];
  /** Names of the samples by split, where they have names. */
  readonly sampleIds?: Readonly<Record<string, readonly string[]>>;
  /** Values that parameters start from instead of their own initial ones, by name. */
  readonly initial?: ReadonlyMap<string, Float32Array>;
  /** How the features to train on were made, where that is known. */
  readonly origin?: FeaturesOrigin;
  /** How sessions run. */
  readonly session?: SessionOptions;
  /** Where graphs run, if not on the CPU. */
  readonly device?: TrainDevice;
}

/** How the caller follows and stops a run. */
export interface TrainHooks {
  /** Stops the run between batches. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: TrainEvent) => void;
}
