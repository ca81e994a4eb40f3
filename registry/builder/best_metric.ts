/**
 * The validation values that choose the best checkpoint and end a run early.
 * @module
 */
import { metricNames } from "../../engine/train/evaluate.ts";
import type { BestMetric, EarlyStopping } from "../../engine/train/plan.ts";
import { expectedIssue } from "../config/issues.ts";
import { describeChoices } from "../config/schema.ts";
import type { TrainingFields } from "../config/tree.ts";
import { ConfigError, didYouMean, quote } from "../errors.ts";
import type { Metric, TaskInfo } from "../plugin.ts";

/** What runs choose and stop by. */
export interface ModelSelection {
  /** Chooses the best checkpoint. */
  readonly bestMetric: BestMetric;
  /** Ends the run early, where that is asked for. */
  readonly earlyStopping?: EarlyStopping;
}

/**
 * Finds the values that a config names. Where only one of `training.best_checkpoint_metric` and
 * `training.early_stopping.metric` is given, it serves both, so that stopping early leaves the
 * checkpoint that it waited for.
 * @param training The section.
 * @param task What is predicted.
 * @param metrics What is measured.
 * @throws {ConfigError} if a value is not logged.
 */
export function modelSelection(
  { best_checkpoint_metric: best, early_stopping: stopping }: TrainingFields,
  task: TaskInfo,
  metrics: readonly Metric[],
): ModelSelection {
  const stoppingPath = "training.early_stopping.metric";
  if (stopping === null) return { bestMetric: bestMetric(best, task, metrics) };
  const { metric, patience, min_epochs } = stopping;
  const chosen = best === null && metric !== null
    ? bestMetric(metric, task, metrics, stoppingPath)
    : bestMetric(best, task, metrics);
  const watch = metric === null ? chosen : bestMetric(metric, task, metrics, stoppingPath);
  return { bestMetric: chosen, earlyStopping: { metric: watch, patience, minEpochs: min_epochs } };
}

/**
 * Finds the value that a config names.
 * @param wanted `training.best_checkpoint_metric`, with or without `val_`; `null` for the first
 *   value that the metrics log.
 * @param task What is predicted.
 * @param metrics What is measured.
 * @param path Where the name stands in the config, for messages.
 * @throws {ConfigError} if no such value is logged.
 */
export function bestMetric(
  wanted: string | null,
  task: TaskInfo,
  metrics: readonly Metric[],
  path = "training.best_checkpoint_metric",
): BestMetric {
  const known = new Map([...metricNames(task, metrics), ["loss", false] as const]);
  const name = wanted === null ? [...known.keys()][0] : wanted.replace(/^val_/, "");
  const higher = known.get(name);
  if (higher !== undefined) return { name: `val_${name}`, higherIsBetter: higher };
  const names = [...known.keys()].map((name) => `val_${name}`);
  const expected = describeChoices(names.map(quote));
  const hint = didYouMean(`val_${name}`, names);
  const issue = expectedIssue(path, expected, wanted, hint);
  throw new ConfigError([issue]);
}
