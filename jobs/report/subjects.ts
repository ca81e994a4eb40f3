/**
 * Collects what a report shows: runs and groups of folds, with the evaluation of their predictions.
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { firstLine } from "../../engine/first_line.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { evaluatePredictions } from "../evaluate/evaluate.ts";
import type { Evaluation, FoldsEvaluation } from "../evaluate/evaluation.ts";
import { evaluateFolds } from "../evaluate/folds.ts";
import { listRuns } from "../runs/list_runs.ts";
import { metricKeys, readRun } from "./_read_run.ts";
import type { ReportFacts, RunFacts, SplitName, Subject } from "./facts.ts";

/** How subjects are collected. */
export interface SubjectOptions {
  /** The split to show; test where it was predicted, or val. */
  readonly split?: SplitName | null;
  /** Where metrics are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Stops between runs when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with every run or group that is read. */
  readonly onRead?: (done: number, total: number) => void;
}

/** Directories that are one subject. */
interface Place {
  readonly path: string;
  readonly runs: readonly RunDirectory[];
}

/**
 * Collects the runs and groups that paths lead to.
 * @param paths Runs, groups of folds, checkpoints, folders of experiments.
 * @param options How.
 * @returns The facts. Of a folder, damaged runs are left out and named in the notices.
 * @throws {DataError} if a path leads to no run, or a run that it names cannot be read.
 *
 * @example A folder without runs
 * ```ts
 * import { collectSubjects } from "./subjects.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * assertThrows(() => collectSubjects([folder]), Error, "there are no runs in it");
 * ```
 */
export function collectSubjects(
  paths: readonly string[],
  options: SubjectOptions = {},
): ReportFacts {
  const { registry = defaultRegistry, signal, onRead = () => {} } = options;
  const notices: string[] = [];
  const places = paths.flatMap((path) => placesAt(path, registry));
  const unique = [...new Map(places.map((place) => [keyOf(place), place])).values()];
  const subjects = unique.flatMap((place, index) => {
    signal?.throwIfAborted();
    try {
      const subject = readSubject(place, { ...options, registry, notices });
      onRead(index + 1, unique.length);
      return [subject];
    } catch (error) {
      if (!(error instanceof DataError) || unique.length === 1) throw error;
      notices.push(`left out: ${firstLine(error)}`);
      return [];
    }
  });
  if (subjects.length === 0) throw new DataError(notices[0].replace(/^left out: /, ""));
  const named = withUniqueNames(subjects);
  return { title: titleOf(named, paths), subjects: named, notices };
}

function keyOf({ path, runs }: Place): string {
  return [path, ...runs.map(({ path }) => path)].map((each) => resolve(each)).join("\n");
}

function placesAt(path: string, registry: Registry): Place[] {
  const found = RunDirectory.find(path);
  if (found !== undefined) {
    const [run] = found.runs;
    return [{ path: found.kind === "checkpoint" ? run.path : path, runs: found.runs }];
  }
  const fail = (state: string) => {
    throw new DataError(`Cannot report on "${path}": ${state}`, { file: path });
  };
  let groups: ReturnType<typeof listRuns>;
  try {
    groups = listRuns(path, registry);
  } catch {
    return fail("it is not a run, a group of runs or a folder of them");
  }
  if (groups.length === 0) return fail("there are no runs in it");
  return groups.map(({ path, runs }) => ({
    path,
    runs: runs.map(({ path }) => new RunDirectory(path)),
  }));
}

/** What reading a subject takes. */
interface Sources extends SubjectOptions {
  readonly registry: Registry;
  readonly notices: string[];
}

function readSubject({ path, runs: directories }: Place, sources: Sources): Subject {
  const { registry, split: wanted, notices } = sources;
  const splits: readonly SplitName[] = ["val", "test"];
  const runs = directories.map((directory) => readRun(directory, { registry, splits }));
  for (const { summary: { problem } } of runs) if (problem !== undefined) notices.push(problem);
  const [first] = directories;
  const group = dirname(resolve(first.path));
  const isRun = runs.length === 1 && resolve(path) === resolve(first.path);
  const subject = {
    name: isRun ? nameOf(first) : basename(group),
    path,
    dataset: basename(dirname(group)),
    runs,
    predictions: [],
  };
  const candidates = wanted ? [wanted] : ["test", "val"] as const;
  const split = candidates.find((name) => runs.every((run) => hasLabels(run, name)));
  if (split === undefined) return subject;
  const predictions = runs.flatMap((run) => run.splits[split]?.predictions ?? []);
  const evaluated = evaluate(runs, { ...sources, split, predictions });
  if (evaluated === undefined) return subject;
  const { metrics } = evaluated.evaluation;
  const best = runs[0].summary.best?.metric;
  const bare = best?.replace(/^val_/, "");
  const headline = bare !== undefined && bare in metrics ? bare : Object.keys(metrics)[0];
  return { ...subject, split, predictions, ...evaluated, headline };
}

/** Name of a run that is shown by itself: with the fold where its group has others. */
function nameOf(run: RunDirectory): string {
  const path = resolve(run.path);
  if (run.fold === undefined) return basename(path);
  const group = basename(dirname(path));
  return run.otherFold(run.fold === 0 ? 1 : 0).begun ? `${group}/${run.fold}` : group;
}

function hasLabels({ splits }: RunFacts, name: SplitName): boolean {
  const { written, predictions } = splits[name] ?? {};
  return written !== undefined || predictions?.labels !== undefined;
}

interface Evaluated {
  readonly evaluation: Evaluation;
  readonly folds?: FoldsEvaluation;
}

function evaluate(
  runs: readonly RunFacts[],
  { split, predictions, registry, notices }: Sources & {
    readonly split: SplitName;
    readonly predictions: readonly Predictions[];
  },
): Evaluated | undefined {
  const [run] = runs;
  const { written } = run.splits[split]!;
  const [first] = predictions;
  if (runs.length === 1 && written !== undefined) return { evaluation: written };
  if (first === undefined || predictions.length < runs.length) {
    notices.push(`"${run.path}" and its folds have no tables of predictions on ${split}`);
    return undefined;
  }
  const { task, subtask, numClasses } = first;
  const metrics = metricKeys({ task, subtask, numClasses }, run.config, registry);
  if (runs.length === 1) return { evaluation: evaluatePredictions(first, { metrics, registry }) };
  try {
    const folds = evaluateFolds(predictions, { metrics, registry });
    return { evaluation: folds.pooled, folds };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    notices.push(firstLine(error));
    return undefined;
  }
}

/** Names that tell subjects apart: with the dataset, or else the path, where groups are named alike. */
function withUniqueNames(subjects: readonly Subject[]): Subject[] {
  const isTaken = (names: readonly string[], name: string) =>
    names.filter((each) => each === name).length > 1;
  const names = subjects.map(({ name }) => name);
  const long = subjects.map(({ dataset, name }) => `${dataset}/${name}`);
  return subjects.map((subject, index) => {
    if (!isTaken(names, subject.name)) return subject;
    return { ...subject, name: isTaken(long, long[index]) ? subject.path : long[index] };
  });
}

function titleOf(subjects: readonly Subject[], paths: readonly string[]): string {
  const [first, ...others] = subjects;
  if (others.length === 0) return first.name;
  const name = paths.length === 1 ? basename(resolve(paths[0])) : "";
  return `${name === "" ? "" : `${name}: `}${subjects.length} runs`;
}
