/**
 * Which folds a config trains, and in which run directories; and what a run records of itself.
 * @module
 */
import { hostInfo } from "../../engine/platform/host.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { VERSION } from "../../engine/version.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import type { FeaturesOrigin } from "../../registry/plugin.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import { ConfigError, quote } from "../../registry/errors.ts";

/** Which folds a run trains, and where. */
export interface RunPlace {
  /** The folds, in their order. */
  readonly folds: readonly number[];
  /**
   * @param fold One of the folds.
   * @returns Its run directory, and whether its last checkpoint is to be continued.
   */
  fold(fold: number): FoldPlace;
}

/** Where a fold goes. */
export interface FoldPlace {
  /** Its run directory. */
  readonly directory: RunDirectory;
  /** Whether its last checkpoint is to be continued. */
  readonly resume: boolean;
  /** A line for the user. */
  readonly notice?: string;
}

/**
 * Makes the default name of a group of runs: `<yyyymmdd_hhmmss>_<encoder>_<head>_<peft>_<8 hex>`.
 * @param config The resolved config.
 * @param now Time of the start.
 */
export function groupName({ model, peft }: ResolvedConfig, now: Date): string {
  const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");
  const date = `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}`;
  const time = `${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
  const suffix = crypto.randomUUID().slice(0, 8);
  const { encoder: { encoder_type }, head: { head_type } } = model;
  return `${date}_${time}_${encoder_type}_${head_type}_${peft.method}_${suffix}`;
}

/**
 * Says where a run goes: to `exp_dir/<dataset>/<group>/<fold>`, or on in the directory that
 * `training.resume` names and, in a cross-validation, in those of the folds after it.
 * @param config The resolved config.
 * @throws {ConfigError} if the place is taken by another run, or is none that can be continued.
 */
export function placeOf(config: ResolvedConfig): RunPlace {
  return config.training.resume === null
    ? newPlace(config)
    : resumedPlace(config, config.training.resume);
}

function newPlace(config: ResolvedConfig): RunPlace {
  const { training: { cv_folds }, data, logger, exp_dir } = config;
  const group = logger.group ?? groupName(config, new Date());
  const folds = cv_folds === 1 ? [data.fold ?? 0] : foldsFrom(0, cv_folds);
  const directoryOf = (fold: number) =>
    RunDirectory.of({ expDir: exp_dir, dataset: data.dataset, group, fold });
  const taken = folds.map(directoryOf).find(({ occupied }) => occupied);
  if (taken) {
    const hint = `: ${quote(taken.path)} holds a run, which --training.resume continues`;
    throw new ConfigError([expectedIssue("logger.group", "the name of a new group", group, hint)]);
  }
  return { folds, fold: (fold) => ({ directory: directoryOf(fold), resume: false }) };
}

function resumedPlace({ training, data }: ResolvedConfig, path: string): RunPlace {
  const directory = new RunDirectory(path);
  const first = continued(directory);
  const number = directory.fold;
  if (training.cv_folds === 1) {
    const fold = number ?? data.fold ?? 0;
    return { folds: [fold], fold: () => first };
  }
  if (number === undefined || number >= training.cv_folds) {
    const expected = `the directory of a fold, 0 to ${training.cv_folds - 1}`;
    throw new ConfigError([expectedIssue("training.resume", expected, path)]);
  }
  return {
    folds: foldsFrom(number, training.cv_folds),
    fold(fold) {
      if (fold === number) return first;
      const other = directory.otherFold(fold);
      return { directory: other, resume: other.occupied };
    },
  };
}

/** A run that was stopped before its first checkpoint begins anew. */
function continued(directory: RunDirectory): FoldPlace {
  if (directory.occupied || !isFile(directory.file("resolvedConfig"))) {
    return { directory, resume: true };
  }
  const notice = `"${directory.path}" has no finished epoch: it begins anew`;
  return { directory, resume: false, notice };
}

function foldsFrom(first: number, count: number): number[] {
  return Array.from({ length: count - first }, (_, index) => first + index);
}

/** What a run is made from besides its config. */
export interface RunParts {
  /** Specifiers of the third-party plugin modules. */
  readonly plugins: readonly string[];
  /** How the features that it trains on were made, where their file says so. */
  readonly features?: FeaturesOrigin;
  /** What its data is recognised by when it is resumed, by split. */
  readonly data?: TrainPlan["data"];
  /** What each split consists of. */
  readonly splits?: TrainPlan["splits"];
  /** Names of the classes by index, where the dataset knows them. */
  readonly class_names?: readonly string[];
  /** Trainable and all parameters by the part of the model that they belong to. */
  readonly parameters?: Readonly<
    Record<string, { readonly trainable: number; readonly total: number }>
  >;
}

/**
 * What ran a run: versions, machine, time.
 * @param started Time of the start.
 * @param parts What the run is made from besides its config.
 */
export function runtimeInfo(started: Date, parts: RunParts): Record<string, unknown> {
  return {
    glovita: VERSION,
    ...hostInfo(),
    cores: navigator.hardwareConcurrency,
    started: started.toISOString(),
    ...parts,
  };
}
