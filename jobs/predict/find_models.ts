/**
 * Finds the checkpoints that predict: of a run, of the folds of a group, or a single one.
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import type { InferFields } from "../../registry/config/infer.ts";
import { ConfigError } from "../../registry/errors.ts";

/** A checkpoint, and the run that it is of. */
export interface FoundModel {
  /** The checkpoint. */
  readonly checkpoint: string;
  /** Its run. */
  readonly directory: RunDirectory;
}

/** What a user says of models. */
export type ModelChoice = Pick<InferFields, "exp_dir" | "checkpoint_path" | "checkpoint" | "fold">;

/**
 * Finds checkpoints.
 * @param choice What the user says.
 * @returns At least one, in the order of folds.
 * @throws {ConfigError} if nothing is named.
 * @throws {DataError} if there is no such run, fold or checkpoint.
 */
export function findModels(choice: ModelChoice): FoundModel[] {
  const { exp_dir, checkpoint_path } = choice;
  if (checkpoint_path !== null) {
    return [{ checkpoint: checkpoint_path, directory: RunDirectory.ofCheckpoint(checkpoint_path) }];
  }
  if (exp_dir === null) {
    const message = "expected a run, a group of folds, or --checkpoint_path";
    throw new ConfigError([{ path: "exp_dir", message }]);
  }
  const found = RunDirectory.find(exp_dir);
  if (found === undefined) throw noRun(exp_dir);
  if (found.kind === "checkpoint") return [{ checkpoint: exp_dir, directory: found.runs[0] }];
  const runs = chosenRuns(found.runs, choice, exp_dir);
  return runs.map((directory) => ({
    directory,
    checkpoint: checkpointOf(directory, choice.checkpoint),
  }));
}

function chosenRuns(
  runs: readonly RunDirectory[],
  { fold }: ModelChoice,
  exp_dir: string,
): readonly RunDirectory[] {
  if (fold === null) return runs;
  const chosen = runs.filter((run) => run.fold === fold);
  if (chosen.length > 0) return chosen;
  const folds = runs.map((run) => run.fold ?? run.path).join(", ");
  throw new DataError(`Cannot load fold ${fold}: "${exp_dir}" has ${folds}`, {
    file: exp_dir,
  });
}

function checkpointOf(directory: RunDirectory, name: "best" | "last"): string {
  if (directory.hasCheckpoint(name)) return directory.checkpoint(name);
  const file = directory.checkpoint(name);
  const other = name === "best" ? "last" : "best";
  const hint = directory.hasCheckpoint(other) ? `; --checkpoint ${other} is there` : "";
  throw new DataError(`Cannot load a model: "${file}" does not exist${hint}`, { file });
}

/** Most runs that a message names. */
const MOST_NAMED = 4;

function noRun(path: string): DataError {
  const below = runsBelow(path, 2);
  const some = below.slice(0, MOST_NAMED).map((run) => `"${run}"`).join(", ");
  const more = below.length > MOST_NAMED ? ", …" : "";
  const hint = below.length > 0 ? `; choose one of ${some}${more}` : "";
  const state = existsSync(path) ? "is not a run or a group of runs" : "does not exist";
  return new DataError(`Cannot load a model: "${path}" ${state}${hint}`, { file: path });
}

/** Groups and runs in folders below a folder. */
function runsBelow(path: string, levels: number): string[] {
  if (path === "" || levels === 0) return [];
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory()
    )
      .map(({ name }) => join(path, name)).sort();
    return folders.flatMap((folder) =>
      RunDirectory.find(folder) ? [folder] : runsBelow(folder, levels - 1)
    );
  } catch {
    return [];
  }
}
