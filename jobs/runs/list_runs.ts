/**
 * The runs below a folder, with what came of them. Damaged and unfinished runs are among them.
 * @module
 */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { type FoldSummary, type RunState, type RunValue, summarizeFold } from "./fold_summary.ts";

/** A run, or the folds of a cross-validation. */
export interface RunSummary {
  /** Directory of the group. */
  readonly path: string;
  /** Key of the dataset: the folder above the group. */
  readonly dataset: string;
  /** Name of the group. */
  readonly group: string;
  /** The encoder. */
  readonly encoder?: string;
  /** The head. */
  readonly head?: string;
  /** How far the run is: as far as its worst fold. */
  readonly state: RunState;
  /** Folds that there are, and folds that were asked for. */
  readonly folds: { readonly found: number; readonly planned: number };
  /** Epochs that are done, of all folds, and epochs that were asked for. */
  readonly epochs: { readonly done: number; readonly planned?: number };
  /** The validation value that chose the best checkpoint. */
  readonly best?: RunValue;
  /** The same value on the test split. */
  readonly test?: RunValue;
  /** Seconds that all folds took, where that is known of all of them. */
  readonly seconds?: number;
  /** When it was started, as ISO 8601. */
  readonly started?: string;
  /** The folds. */
  readonly runs: readonly FoldSummary[];
}

/** Folders between the one that is given and a fold: dataset and group. */
const DEPTH = 2;

/**
 * Lists the runs below a folder.
 * @param path A folder of experiments, `exp_dir`; or a dataset's, a group's or a fold's within one.
 * @param registry Where the metrics of the runs are looked up.
 * @returns The runs, those of a group as one, by the time of their start.
 * @throws {DataError} if there is no such folder.
 *
 * @example A folder without runs
 * ```ts
 * import { listRuns } from "./list_runs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(listRuns(await Deno.makeTempDir()), []);
 * ```
 */
export function listRuns(path: string, registry: Registry = defaultRegistry): RunSummary[] {
  if (!isFolder(path)) {
    throw new DataError(`Cannot list runs: "${path}" is not a folder`, { file: path });
  }
  const directories = isFold(path) ? [path] : foldsBelow(path, DEPTH);
  const groups = Map.groupBy(directories, (path) => dirname(resolve(path)));
  return [...groups.values()].map((folds) => summarize(folds, registry)).sort(byStart);
}

function byStart(a: RunSummary, b: RunSummary): number {
  return (a.started ?? "").localeCompare(b.started ?? "") || a.path.localeCompare(b.path);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isFold(path: string): boolean {
  const directory = new RunDirectory(path);
  return directory.fold !== undefined && directory.begun;
}

/** Directories of folds in a folder, and in those inside it. */
function foldsBelow(path: string, depth: number): string[] {
  return namesIn(path).map((name) => join(path, name)).flatMap((inner) => {
    if (!isFolder(inner)) return [];
    if (isFold(inner)) return [inner];
    return depth > 0 ? foldsBelow(inner, depth - 1) : [];
  });
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch (cause) {
    throw new DataError(`Cannot list runs: "${path}" cannot be read`, { file: path, cause });
  }
}

/** States from the worst to the best: a group is in that of its worst fold. */
const STATES: readonly RunState[] = ["damaged", "training", "unfinished", "finished"];

function summarize(paths: readonly string[], registry: Registry): RunSummary {
  const runs = paths.map((path) => summarizeFold(new RunDirectory(path), registry));
  const [first] = runs;
  const group = dirname(resolve(first.path));
  const planned = Math.max(runs.length, ...runs.map(({ folds }) => folds));
  const states = runs.map(({ state }) => state);
  const worst = STATES.find((state) => states.includes(state))!;
  const known = runs.find(({ head }) => head !== undefined) ?? first;
  const times = runs.flatMap(({ seconds }) => seconds === undefined ? [] : [seconds]);
  const started = runs.flatMap(({ started }) => started === undefined ? [] : [started]).sort()[0];
  const epochs = runs.map(({ planned }) => planned);
  return {
    path: dirname(first.path),
    dataset: basename(dirname(group)),
    group: basename(group),
    encoder: known.encoder,
    head: known.head,
    state: worst === "finished" && planned > runs.length ? "unfinished" : worst,
    folds: { found: runs.length, planned },
    epochs: {
      done: runs.reduce((sum, { epochs }) => sum + epochs, 0),
      planned: epochs.some((count) => count === undefined)
        ? undefined
        : epochs.reduce<number>((sum, count) => sum + count!, 0) * planned / runs.length,
    },
    best: overFolds(runs.map(({ best }) => best)),
    test: overFolds(runs.map(({ test }) => test)),
    seconds: times.length === runs.length ? times.reduce((sum, time) => sum + time, 0) : undefined,
    started,
    runs,
  };
}

/** One number as it is; of several with one name mean and standard deviation. */
function overFolds(folds: readonly (RunValue | undefined)[]): RunValue | undefined {
  const values = folds.filter((value) => value !== undefined);
  const [first, ...others] = values;
  if (first === undefined || others.some(({ metric }) => metric !== first.metric)) return undefined;
  if (folds.length === 1) return first;
  const mean = values.reduce((sum, { value }) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, { value }) => sum + (value - mean) ** 2, 0);
  const sd = others.length > 0 ? Math.sqrt(squares / others.length) : undefined;
  const some = values.length < folds.length ? { folds: values.length } : {};
  return { metric: first.metric, value: mean, sd, ...some };
}
