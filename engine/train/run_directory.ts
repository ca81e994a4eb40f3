/**
 * The directory of one run (one fold): its JSON files and its checkpoints. Every file appears whole
 * or not at all.
 * @module
 */
import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { replaceFile, writeError, writeJsonAtomic } from "../storage/atomic.ts";
import type { TorchValue } from "../storage/torch/pickle_values.ts";
import { writeTorchFile } from "../storage/torch/torch_file.ts";
import type { Values } from "./events.ts";

/** Numbers of all epochs, as `metrics.json` holds them. */
export interface MetricsFile {
  /** An object an epoch. */
  readonly train: Values[];
  /** An object an epoch. */
  readonly val: Values[];
  /** Numbers of the best checkpoint on the test split. */
  test?: Values;
}

const METRICS = "metrics.json";
/** Names that files have while they are being written. */
const TEMPORARY = /^\..*\.[0-9a-f-]{36}\.tmp$/;

/** `exp_dir/<dataset>/<group>/<fold>/`. */
export class RunDirectory {
  /** Path of the directory. */
  readonly path: string;

  /** @param path Path of the directory, which need not exist yet. */
  constructor(path: string) {
    this.path = path;
  }

  /** Whether there is a run in the directory: one that has finished an epoch. */
  get occupied(): boolean {
    return this.hasCheckpoint("last") || exists(this.#metricsFile);
  }

  get #metricsFile(): string {
    return join(this.path, METRICS);
  }

  /**
   * Makes the directory where it is not there, and removes what a killed process left half-written.
   * @throws {DataError} if it cannot be made.
   */
  make(): void {
    const checkpoints = join(this.path, "checkpoints");
    try {
      Deno.mkdirSync(checkpoints, { recursive: true });
      for (const folder of [this.path, checkpoints]) removeTemporaries(folder);
    } catch (cause) {
      const { path } = this;
      const part = obstacle(path);
      if (part === undefined) throw writeError(cause, path);
      const message = `Cannot write "${path}": "${part}" is no folder`;
      throw new DataError(message, { file: path, cause });
    }
  }

  /** @param name `last`, `best` or `epoch_0000`. @returns Path of that checkpoint. */
  checkpoint(name: string): string {
    return join(this.path, "checkpoints", `${name}.pt`);
  }

  /** @param name `last`, `best` or `epoch_0000`. @returns Whether there is that checkpoint. */
  hasCheckpoint(name: string): boolean {
    return exists(this.checkpoint(name));
  }

  /**
   * Writes a JSON file.
   * @param name File name.
   * @param value What it holds; NaN and infinities become `null`.
   */
  async writeJson(name: string, value: unknown): Promise<void> {
    await writeJsonAtomic(join(this.path, name), value);
  }

  /** @param metrics Numbers of all epochs so far, to be kept in `metrics.json`. */
  async writeMetrics(metrics: MetricsFile): Promise<void> {
    await this.writeJson(METRICS, metrics);
  }

  /**
   * Reads `metrics.json`.
   * @param epochs How many epochs to take.
   * @returns The numbers of the first `epochs` epochs; none without a file.
   * @throws {DataError} if the file holds something else.
   */
  readMetrics(epochs: number): MetricsFile {
    const file = this.#metricsFile;
    if (!exists(file)) return { train: [], val: [] };
    try {
      const { train, val } = JSON.parse(Deno.readTextFileSync(file)) as MetricsFile;
      if (![...train, ...val].every(isEpoch)) throw new TypeError("an epoch is not an object");
      return { train: train.slice(0, epochs), val: val.slice(0, epochs) };
    } catch (cause) {
      throw new DataError(`Cannot read "${file}": it holds no metrics`, { file, cause });
    }
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
      await replaceFile(this.checkpoint(name), (temporary) => share(path, temporary));
    }
  }
}

/** Gives a file a second name, or copies it where names cannot share a file. */
function share(path: string, other: string): void {
  try {
    Deno.linkSync(path, other);
  } catch {
    Deno.copyFileSync(path, other);
  }
}

/** The part of a path that is in the way of a folder, where there is one. */
function obstacle(path: string): string | undefined {
  for (let part = path, parent = dirname(part); part !== parent; parent = dirname(part = parent)) {
    try {
      return Deno.statSync(part).isDirectory ? undefined : part;
    } catch {
      // Does not exist, or what it is below is no folder.
    }
  }
}

function removeTemporaries(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (TEMPORARY.test(name)) Deno.removeSync(join(folder, name));
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function isEpoch(epoch: unknown): boolean {
  return typeof epoch === "object" && epoch !== null && !Array.isArray(epoch);
}
