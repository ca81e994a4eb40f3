/**
 * The directory of one run (one fold): which files it has, where they are, and how they are written
 * and read. Every file appears whole or not at all. Nobody else knows these names.
 * @module
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { removeTemporaries, replaceFile, writeError, writeJsonAtomic } from "../storage/atomic.ts";
import { errorCode } from "../storage/file_reader.ts";
import { isFile } from "../storage/is_file.ts";
import { parseJson } from "../storage/json_file.ts";
import { shareFile } from "../storage/share_file.ts";
import { decodeText } from "../storage/text_file.ts";
import { FileLock, isLocked } from "../storage/lock.ts";
import type { TorchValue } from "../storage/torch/pickle_values.ts";
import { writeTorchFile } from "../storage/torch/torch_file.ts";
import { obstacle } from "./_run_files.ts";
import type { Values } from "./events.ts";

/** Numbers of all epochs, as `metrics.json` holds them. */
export interface MetricsFile {
  /** One object per epoch. */
  readonly train: Values[];
  /** One object per epoch. */
  readonly val: Values[];
  /** Numbers of the best checkpoint on the test split. */
  test?: Values;
}

/** Files of a run, besides its checkpoints. */
const FILES = {
  /** The config as it was asked for. */
  config: "config.json",
  /** The config as it was run, with its seed: enough to repeat the run, or to go on with it. */
  resolvedConfig: "resolved_config.json",
  /** Versions, machine and time; plugins, and how the features were made. */
  runtimeInfo: "runtime_info.json",
  /** Numbers of all epochs. */
  metrics: "metrics.json",
  /** Names of the samples of each split, where they have names. */
  splits: "splits.json",
  /** Numbers on the whole validation split, where epochs validate on a part of it. */
  finalValMetrics: "final_val_metrics.json",
  /** Numbers on the test split, each with its interval. */
  testMetrics: "metrics_test.json",
} as const;
/** Folder of the checkpoints. */
const CHECKPOINTS = "checkpoints";
/** File that is locked while a process trains in the directory. */
const LOCK = "run.lock";
/** Name of a fold's directory. */
const FOLD = /^\d+$/;

/** A file of a run, by what it holds. */
export type RunFile = keyof typeof FILES;

/** What a run's path is made of. */
export interface RunAddress {
  /** Directory of all runs. */
  readonly expDir: string;
  /** Key of the dataset. */
  readonly dataset: string;
  /** Name that the folds of a cross-validation have in common. */
  readonly group: string;
  /** Fold, counted from 0. */
  readonly fold: number;
}

/** The runs that a path leads to. */
export interface FoundRuns {
  /** What is at the path. */
  readonly kind: "run" | "group" | "checkpoint";
  /** The run; those of a group in the order of their folds; the run of the checkpoint. */
  readonly runs: readonly RunDirectory[];
}

/** `exp_dir/<dataset>/<group>/<fold>/`. */
export class RunDirectory {
  /** Path of the directory. */
  readonly path: string;

  /** @param path Path of the directory, which need not exist yet. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * The directory of a new run.
   * @param address What its path is made of.
   */
  static of({ expDir, dataset, group, fold }: RunAddress): RunDirectory {
    return new RunDirectory(join(expDir, dataset, group, String(fold)));
  }

  /**
   * The run that a checkpoint belongs to: checkpoints lie in `RUN/checkpoints/`.
   * @param file Path of the checkpoint, which need not exist.
   */
  static ofCheckpoint(file: string): RunDirectory {
    return new RunDirectory(dirname(dirname(resolve(file))));
  }

  /**
   * Finds the runs that a user names: by a run directory, by the directory of a group of folds, or
   * by a checkpoint.
   * @param path What the user gave.
   * @returns The runs; `undefined` where there is none.
   */
  static find(path: string): FoundRuns | undefined {
    if (path === "") return undefined; // would be the working directory
    const isRun = (run: RunDirectory) => isFile(run.file("resolvedConfig"));
    const run = new RunDirectory(path);
    if (isRun(run)) return { kind: "run", runs: [run] };
    const [kind, runs] = isFile(path)
      ? ["checkpoint", [RunDirectory.ofCheckpoint(path)]] as const
      : ["group", foldsIn(path)] as const;
    const found = runs.filter(isRun);
    return found.length > 0 ? { kind, runs: found } : undefined;
  }

  /** Which fold it is, where its name says so. */
  get fold(): number | undefined {
    const name = basename(resolve(this.path));
    return FOLD.test(name) ? Number(name) : undefined;
  }

  /** Whether there is anything of a run in it, be it only its beginning. */
  get begun(): boolean {
    const files = [this.file("resolvedConfig"), this.file("config"), this.file("metrics")];
    return files.some(isFile) || isFile(join(this.path, LOCK)) || this.hasCheckpoint("last");
  }

  /** Whether a process trains in it. */
  get busy(): boolean {
    return isLocked(join(this.path, LOCK));
  }

  /** Last part of the name of its group. */
  get group(): string {
    return basename(dirname(resolve(this.path)));
  }

  /**
   * The directory of another fold of the same group.
   * @param fold The fold.
   */
  otherFold(fold: number): RunDirectory {
    return new RunDirectory(join(this.path, "..", String(fold)));
  }

  /**
   * Whether there is a run in the directory that must not be written over: one that has finished an
   * epoch. Numbers of a first epoch whose checkpoint was never finished are no run.
   */
  get occupied(): boolean {
    if (this.hasCheckpoint("last")) return true;
    if (!isFile(this.file("metrics"))) return this.hasCheckpoint("best");
    return !this.#expectsCheckpoint() || this.#epochsMeasured() > 1;
  }

  /** Whether a process that trains here writes checkpoints, as far as its config says. */
  #expectsCheckpoint(): boolean {
    try {
      const { training } = this.readConfig("resolvedConfig", "Cannot read");
      return !isRecord(training) || training.enable_checkpointing !== false;
    } catch {
      return true;
    }
  }

  /** How many epochs have numbers; infinitely many where `metrics.json` cannot be read. */
  #epochsMeasured(): number {
    try {
      return this.readMetrics(Infinity).train.length;
    } catch {
      return Infinity;
    }
  }

  /** @param name What the file holds. @returns Its path. */
  file(name: RunFile): string {
    return join(this.path, FILES[name]);
  }

  /** @param split Name of a split. @returns Path of the features that a frozen encoder made of it. */
  featureFile(split: string): string {
    return join(this.path, `features_${split}.h5`);
  }

  /**
   * Makes the directory where it is not there, keeps other processes off it, and removes what a
   * killed one left half-written.
   * @returns The lock, to be released when nothing is written any more.
   * @throws {DataError} if it cannot be made, or another process trains in it.
   */
  take(): FileLock {
    const { path } = this;
    const checkpoints = join(path, CHECKPOINTS);
    this.#make(checkpoints);
    const refusal = `Cannot train in "${path}": another process is training in it`;
    const lock = FileLock.take(join(path, LOCK), refusal);
    try {
      for (const folder of [path, checkpoints]) removeTemporaries(folder);
      return lock;
    } catch (error) {
      lock.release();
      throw writeError(error, path);
    }
  }

  #make(checkpoints: string): void {
    try {
      mkdirSync(checkpoints, { recursive: true });
    } catch (cause) {
      const { path } = this;
      const part = obstacle(path);
      if (part === undefined) throw writeError(cause, path);
      const message = `Cannot write "${path}": "${part}" is not a folder`;
      throw new DataError(message, { file: path, cause });
    }
  }

  /** @param name `last`, `best` or `epoch_0000`. @returns Path of that checkpoint. */
  checkpoint(name: string): string {
    return join(this.path, CHECKPOINTS, `${name}.pt`);
  }

  /** @param name `last`, `best` or `epoch_0000`. @returns Whether there is that checkpoint. */
  hasCheckpoint(name: string): boolean {
    return isFile(this.checkpoint(name));
  }

  /**
   * Writes one of the run's files.
   * @param file Which one.
   * @param value What it holds; NaN and infinities become `null`.
   */
  async write(file: RunFile, value: unknown): Promise<void> {
    await writeJsonAtomic(this.file(file), value);
  }

  /**
   * Reads the config that the run's model was built from: the resolved one, or, of a run of GloViTa's,
   * whose file of that name says other things, the one that was asked for.
   * @param action What it is read for, for messages: `Cannot load "last.pt"`.
   * @returns The tree.
   * @throws {DataError} if it is missing or holds something else.
   */
  readModelConfig(action: string): Record<string, unknown> {
    const resolved = this.readConfig("resolvedConfig", action);
    return isRecord(resolved.model) ? resolved : this.readConfig("config", action);
  }

  /**
   * Reads a config of the run.
   * @param name Which one.
   * @param action What it is read for, for messages: `Cannot load "last.pt"`.
   * @returns The tree.
   * @throws {DataError} if it is missing or holds something else.
   */
  readConfig(name: "config" | "resolvedConfig", action: string): Record<string, unknown> {
    const file = this.file(name);
    const fail = (state: string, cause?: unknown) =>
      new DataError(`${action}: its config "${file}" ${state}`, { file, cause });
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(readFileSync(file));
    } catch (cause) {
      const missing = errorCode(cause) === "ENOENT";
      throw fail(missing ? "does not exist" : "cannot be read", cause);
    }
    let tree: unknown;
    try {
      tree = parseJson(decodeText(bytes, file));
    } catch (cause) {
      throw fail(`is not JSON: ${firstLine(cause)}`, cause);
    }
    if (isRecord(tree)) return tree;
    throw fail("holds no config");
  }

  /** @returns What `runtime_info.json` says; nothing without one, as in runs of other programs. */
  readRuntimeInfo(): Record<string, unknown> {
    try {
      const info: unknown = JSON.parse(readFileSync(this.file("runtimeInfo"), "utf8"));
      return isRecord(info) ? info : {};
    } catch {
      return {};
    }
  }

  /** @returns Specifiers of the plugin modules that the run was made with, as far as it is known. */
  readPlugins(): readonly string[] {
    const { plugins } = this.readRuntimeInfo();
    return Array.isArray(plugins) ? plugins.map(String) : [];
  }

  /** @param metrics Numbers of all epochs so far, to be kept in `metrics.json`. */
  async writeMetrics(metrics: MetricsFile): Promise<void> {
    await this.write("metrics", metrics);
  }

  /**
   * Reads `metrics.json`.
   * @param epochs How many epochs to take.
   * @returns The numbers of the first `epochs` epochs, or of as many as there are; none without a
   * file.
   * @throws {DataError} if the file holds something else.
   */
  readMetrics(epochs: number): MetricsFile {
    const { train, val } = this.#parseMetrics();
    return { train: train.slice(0, epochs), val: val.slice(0, epochs) };
  }

  /**
   * Reads the numbers on the test split in `metrics.json`.
   * @returns The numbers; `undefined` before the test.
   * @throws {DataError} if the file holds something else.
   */
  readTest(): Values | undefined {
    const { test } = this.#parseMetrics();
    return isValues(test) ? test : undefined;
  }

  #parseMetrics(): MetricsFile {
    const file = this.file("metrics");
    if (!isFile(file)) return { train: [], val: [] };
    const fail = (state: string, cause?: unknown) =>
      new DataError(`Cannot read "${file}": ${state}`, { file, cause });
    let metrics: unknown;
    try {
      metrics = JSON.parse(readFileSync(file, "utf8"));
    } catch (cause) {
      throw fail("it holds no metrics", cause);
    }
    if (!isMetrics(metrics)) throw fail("it holds no metrics");
    const { train, val } = metrics;
    if (![...train, ...val].every(isValues) || train.length !== val.length) {
      throw fail("its epochs are not objects of numbers, as many of train as of val");
    }
    return metrics;
  }

  /**
   * Writes the checkpoint of an epoch: as `epoch_0000.pt` and `last.pt`, and as `best.pt` where it
   * is the best. The names share one file where the disk allows.
   * @param epoch Epoch, counted from 0.
   * @param tree The checkpoint.
   * @param best Whether it is the best so far.
   */
  async writeCheckpoint(epoch: number, tree: TorchValue, best: boolean): Promise<void> {
    const path = this.checkpoint(`epoch_${String(epoch).padStart(4, "0")}`);
    await writeTorchFile(path, tree);
    for (const name of best ? ["best", "last"] : ["last"]) {
      await replaceFile(this.checkpoint(name), (temporary) => shareFile(path, temporary));
    }
  }
}

/** Directories of folds within that of their group. */
function foldsIn(group: string): RunDirectory[] {
  try {
    return readdirSync(group).filter((name) => FOLD.test(name))
      .sort((a, b) => Number(a) - Number(b))
      .map((name) => new RunDirectory(join(group, name)));
  } catch {
    return []; // There is no such folder.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMetrics(value: unknown): value is MetricsFile {
  return isRecord(value) && Array.isArray(value.train) && Array.isArray(value.val);
}

/** Numbers by name; JSON has `null` for those that are not finite. */
function isValues(value: unknown): value is Values {
  return isRecord(value) &&
    Object.values(value).every((number) => typeof number === "number" || number === null);
}
