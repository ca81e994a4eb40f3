/** Reads a run directory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import { isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import type { MetricPlugin, TaskInfo } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";
import { DEFAULT_METRICS } from "../evaluate/evaluate.ts";
import type { Evaluation } from "../evaluate/evaluation.ts";
import { readPredictions } from "../predict/read_predictions.ts";
import { summarizeFold } from "../runs/fold_summary.ts";
import type { RunFacts, SplitFacts, SplitName } from "./facts.ts";

/** What reading takes besides the directory. */
export interface ReadOptions {
  /** Where metrics are looked up. */
  readonly registry: Registry;
  /** Splits that are read. */
  readonly splits: readonly SplitName[];
}

/**
 * Reads a run.
 * @param directory The directory.
 * @param options What is read.
 * @throws {DataError} if a file of it cannot be read.
 */
export function readRun(directory: RunDirectory, { registry, splits }: ReadOptions): RunFacts {
  const { path } = directory;
  const summary = summarizeFold(directory, registry);
  const config = directory.readConfig("resolvedConfig", `Cannot report on "${path}"`);
  const info = directory.readRuntimeInfo();
  return {
    path,
    summary,
    config,
    info,
    history: directory.readMetrics(Infinity),
    splits: Object.fromEntries(splits.flatMap((split) => {
      const facts = readSplit(path, split, info);
      return facts === undefined ? [] : [[split, facts]];
    })),
  };
}

function readSplit(
  path: string,
  split: SplitName,
  { class_names: names }: RunFacts["info"],
): SplitFacts | undefined {
  const table = join(path, `predictions_${split}.csv`);
  const written = readEvaluation(join(path, `metrics_${split}.json`));
  if (!isFile(table)) return written && { written };
  const classNames = Array.isArray(names) ? names.map(String) : undefined;
  return { predictions: readPredictions(table, { classNames }), written };
}

/**
 * Metrics that a run is measured by: those that it was trained with, and the usual ones.
 * @param task What it predicts.
 * @param config Its config.
 * @param registry Where metrics are looked up.
 * @returns Their keys.
 */
export function metricKeys(
  task: TaskInfo,
  config: PlainObject,
  registry: Registry,
): string[] {
  const defaults = DEFAULT_METRICS[task.subtask].filter((key) => registry.has("metric", key));
  const { task: section } = config;
  const asked = isPlainObject(section) && Array.isArray(section.metrics) ? section.metrics : [];
  const known = asked.map(String).filter((key) => registry.has("metric", key));
  const fitting = known.filter((key) => fits(key, task, registry));
  return [...new Set([...fitting, ...defaults])];
}

/** Whether a metric is defined for the targets. */
function fits(key: string, { subtask }: TaskInfo, registry: Registry): boolean {
  const plugin: MetricPlugin = registry.get("metric", key);
  return plugin.subtasks?.includes(subtask) ?? true;
}

/** The evaluation that training has written, where there is one. */
function readEvaluation(file: string): Evaluation | undefined {
  if (!isFile(file)) return undefined;
  const fail = (cause?: unknown) =>
    new DataError(`Cannot read "${file}": it holds no evaluation`, { file, cause });
  let tree: unknown;
  try {
    tree = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw fail(cause);
  }
  if (!isPlainObject(tree) || !isPlainObject(tree.metrics)) throw fail();
  return isEvaluation(tree) ? tree : undefined;
}

/** Whether a file holds more than numbers with their intervals, which other programs may write. */
function isEvaluation(tree: PlainObject): tree is PlainObject & Evaluation {
  const { subtask, n, bootstrap } = tree;
  if (!isPlainObject(n) || !isPlainObject(bootstrap)) return false;
  if (subtask === "regression") return Array.isArray(tree.residuals);
  const named = subtask === "multiclass" || subtask === "multilabel";
  return named && Array.isArray(tree.per_class) && isPlainObject(tree.curves) &&
    Array.isArray(tree.confusion) && tree.calibration !== undefined;
}
