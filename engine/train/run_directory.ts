/**
 * The directory of one run (one fold): its JSON files and its checkpoints. Every file appears whole
 * or not at all.
 * @module
 */
import { join } from "node:path";
import { replaceFile, writeError, writeJsonAtomic } from "../storage/atomic.ts";
import type { TorchValue } from "../storage/pickle_values.ts";
import { writeTorchFile } from "../storage/torch_file.ts";
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

/** `exp_dir/<dataset>/<group>/<fold>/`. */
export class RunDirectory {
  /** Path of the directory. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory, or uses it if it is there.
   * @param path Path of the directory.
   * @throws {DataError} if it cannot be made.
   */
  static create(path: string): RunDirectory {
    try {
      Deno.mkdirSync(join(path, "checkpoints"), { recursive: true });
    } catch (error) {
      throw writeError(error, path);
    }
    return new RunDirectory(path);
  }

  /** @param name `last`, `best` or `epoch_0000`. @returns Path of that checkpoint. */
  checkpoint(name: string): string {
    return join(this.path, "checkpoints", `${name}.pt`);
  }

  /**
   * Writes a JSON file.
   * @param name File name.
   * @param value What it holds; NaN and infinities become `null`.
   */
  async writeJson(name: string, value: unknown): Promise<void> {
    await writeJsonAtomic(join(this.path, name), value);
  }

  /** @returns The numbers of the first `epochs` epochs, from `metrics.json`; none without a file. */
  readMetrics(epochs: number): MetricsFile {
    let text: string;
    try {
      text = Deno.readTextFileSync(join(this.path, "metrics.json"));
    } catch {
      return { train: [], val: [] };
    }
    const { train, val } = JSON.parse(text) as MetricsFile;
    return { train: train.slice(0, epochs), val: val.slice(0, epochs) };
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
