/**
 * What came of one fold, as its directory says it.
 * @module
 */
import { firstLine } from "../../engine/first_line.ts";
import type { MetricsFile, RunDirectory } from "../../engine/train/run_directory.ts";
import type { BestMetric } from "../../engine/train/plan.ts";
import { readTestMetrics } from "../../engine/train/test_metrics.ts";
import { type ModelSelection, modelSelection } from "../../registry/builder/best_metric.ts";
import { createMetrics } from "../../registry/builder/create.ts";
import { getAt, isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import type { Subtask, TaskInfo } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";

/**
 * How far a fold is: `finished` to the last epoch, or stopped early; `training` while a process works
 * on it; `unfinished` where none does; `damaged` where its files cannot be read.
 */
export type RunState = "finished" | "training" | "unfinished" | "damaged";

/** A number of a run. */
export interface RunValue {
  /** Its name, for example `val_Accuracy`. */
  readonly metric: string;
  /** The number; the mean over folds. */
  readonly value: number;
  /** Standard deviation over folds, of several. */
  readonly sd?: number;
  /** Folds that have it, where others lack it. */
  readonly folds?: number;
  /** Lower end of the 95% interval, of one fold. */
  readonly low?: number;
  /** Upper end. */
  readonly high?: number;
}

/** What came of a fold. */
export interface FoldSummary {
  /** Run directory. */
  readonly path: string;
  /** Number of the fold. */
  readonly fold: number;
  /** How far it is. */
  readonly state: RunState;
  /** What is wrong with it, or not known of it. */
  readonly problem?: string;
  /** The encoder; of precomputed features the one that they come from, where that is known. */
  readonly encoder?: string;
  /** The head. */
  readonly head?: string;
  /** Folds that were asked for. */
  readonly folds: number;
  /** Epochs that are done. */
  readonly epochs: number;
  /** Epochs that were asked for. */
  readonly planned?: number;
  /** The validation value that chose the best checkpoint, and its epoch, counted from 0. */
  readonly best?: RunValue & { readonly epoch: number };
  /** The same value on the test split. */
  readonly test?: RunValue;
  /** Seconds that it took, where it was finished without being resumed. */
  readonly seconds?: number;
  /** When it was last started, as ISO 8601. */
  readonly started?: string;
}

/**
 * Reads what came of a fold.
 * @param directory Its directory.
 * @param registry Where its metrics are looked up.
 * @returns What is known; with a line that says what is not.
 */
export function summarizeFold(directory: RunDirectory, registry: Registry): FoldSummary {
  const { path, fold = 0 } = directory;
  const known: Pick<FoldSummary, "path" | "fold"> = { path, fold };
  let config: PlainObject;
  try {
    config = directory.readConfig("resolvedConfig", `Cannot list "${path}"`);
  } catch (error) {
    const state = directory.busy ? "training" : "damaged";
    return { ...known, state, problem: firstLine(error), folds: 1, epochs: 0 };
  }
  const facts = { ...known, ...factsOf(config, directory) };
  try {
    return { ...facts, ...resultsOf(directory, { config, registry }) };
  } catch (error) {
    return { ...facts, state: "damaged", problem: firstLine(error), epochs: 0 };
  }
}

/** What the config says. */
function factsOf(
  config: PlainObject,
  directory: RunDirectory,
): Pick<FoldSummary, "encoder" | "head" | "folds" | "planned" | "seconds" | "started"> {
  const info = directory.readRuntimeInfo();
  const { started, seconds } = info;
  const head = textAt(config, "model", "head", "head_type");
  const variant = textAt(config, "model", "head", "variant");
  return {
    encoder: encoderOf(config, info),
    head: head !== undefined && variant !== undefined ? `${head} ${variant}` : head,
    folds: numberAt(config, "training", "cv_folds") ?? 1,
    planned: numberAt(config, "training", "epochs"),
    seconds: typeof seconds === "number" ? seconds : undefined,
    started: typeof started === "string" ? started : undefined,
  };
}

function encoderOf(config: PlainObject, info: Readonly<Record<string, unknown>>) {
  const own = textAt(config, "model", "encoder", "type");
  if (own !== undefined) return own;
  const { features } = info;
  const origin = isPlainObject(features) ? features.encoder : undefined;
  return typeOf(origin) ?? textAt(config, "model", "encoder", "encoder_type");
}

/** Type of an encoder whose config is JSON. */
function typeOf(json: unknown): string | undefined {
  try {
    const config: unknown = typeof json === "string" ? JSON.parse(json) : undefined;
    return isPlainObject(config) ? textAt(config, "type") : undefined;
  } catch {
    return undefined; // The features were made by another program.
  }
}

function textAt(tree: PlainObject, ...path: readonly string[]): string | undefined {
  const value = getAt(tree, path);
  return typeof value === "string" ? value : undefined;
}

function numberAt(tree: PlainObject, ...path: readonly string[]): number | undefined {
  const value = getAt(tree, path);
  return typeof value === "number" ? value : undefined;
}

type Results = Pick<FoldSummary, "state" | "problem" | "epochs" | "best" | "test">;

interface Sources {
  readonly config: PlainObject;
  readonly registry: Registry;
}

/** What the numbers say. */
function resultsOf(directory: RunDirectory, sources: Sources): Results {
  const metrics = { ...directory.readMetrics(Infinity), test: directory.readTest() };
  const epochs = metrics.val.length;
  const planned = numberAt(sources.config, "training", "epochs") ?? Infinity;
  let [selection, problem]: [ModelSelection | undefined, string | undefined] = [, undefined];
  try {
    selection = selectionOf(metrics, sources);
  } catch (error) {
    const plugins = directory.readPlugins().map((plugin) => ` --plugin ${plugin}`);
    const hint = plugins.length > 0 ? `; the run was made with${plugins.join("")}` : "";
    const cause = firstLine(error) + hint;
    problem = `Cannot tell which epoch of "${directory.path}" is the best: ${cause}`;
  }
  const finished = epochs >= planned || stoppedEarly(metrics, selection);
  const state = directory.busy ? "training" : finished ? "finished" : "unfinished";
  const best = selection && bestOf(metrics, selection.bestMetric);
  const test = selection && testOf(directory, metrics, selection.bestMetric);
  return { state, problem, epochs, best, test };
}

/** What chose the best checkpoint: as in training, with what is predicted as far as it is known. */
function selectionOf(metrics: MetricsFile, { config, registry }: Sources): ModelSelection {
  const resolved = config as unknown as ResolvedConfig;
  const task = taskOf(config, Object.keys(metrics.val[0] ?? {}));
  return modelSelection(
    resolved.training,
    task,
    createMetrics(task, { config: resolved, registry }).metrics,
  );
}

function taskOf(config: PlainObject, logged: readonly string[]): TaskInfo {
  const perClass = logged.filter((name) => /^val_F1_class_\d+$/.test(name)).length;
  const given = textAt(config, "data", "subtask");
  const known = SUBTASKS.find((subtask) => subtask === given);
  const regression = textAt(config, "model", "head", "head_type") === "regression";
  const subtask = known ?? (regression ? "regression" : "multiclass");
  return {
    task: subtask === "regression" ? "Regression" : "Classification",
    subtask,
    numClasses: numberAt(config, "data", "num_classes") ?? Math.max(perClass, 2),
  };
}

const SUBTASKS: readonly Subtask[] = ["multiclass", "multilabel", "regression"];

function bestOf({ val }: MetricsFile, { name, higherIsBetter }: BestMetric): FoldSummary["best"] {
  let best: FoldSummary["best"];
  for (const [epoch, row] of val.entries()) {
    const value = row[name];
    if (typeof value !== "number") continue; // NaN is null in the file
    const better = best === undefined ||
      (higherIsBetter ? value > best.value : value < best.value);
    if (better) best = { metric: name, value, epoch };
  }
  return best;
}

function stoppedEarly(metrics: MetricsFile, selection: ModelSelection | undefined): boolean {
  const { val, test } = metrics;
  if (selection?.earlyStopping === undefined) return false;
  if (test !== undefined) return true; // the test comes last
  const { metric, patience, minEpochs } = selection.earlyStopping;
  if (val.length === 0 || val.length < minEpochs) return false;
  const epoch = bestOf(metrics, metric)?.epoch ?? -1;
  return val.length - 1 - epoch >= patience;
}

/** The number on the test split, with its interval where there is one. */
function testOf(
  directory: RunDirectory,
  { test = {} }: MetricsFile,
  { name }: BestMetric,
): RunValue | undefined {
  const bare = name.replace(/^val_/, "");
  const metric = `test_${bare}`;
  const intervals = readTestMetrics(directory.file("testMetrics"));
  const { value = test[metric], low, high } = intervals[metric] ?? intervals[bare] ?? {};
  if (typeof value !== "number") return undefined;
  return { metric, value, ...low !== undefined && high !== undefined && { low, high } };
}
