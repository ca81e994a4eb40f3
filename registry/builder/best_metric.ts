/**
 * The validation value that chooses the best checkpoint.
 * @module
 */
import { metricNames } from "../../engine/train/evaluate.ts";
import type { BestMetric } from "../../engine/train/trainer.ts";
import { expectedIssue } from "../config/issues.ts";
import { describeChoices } from "../config/schema.ts";
import { ConfigError, didYouMean, quote } from "../errors.ts";
import type { Metric, TaskInfo } from "../plugin.ts";

/**
 * Finds the value that a config names.
 * @param wanted `training.best_checkpoint_metric`, with or without `val_`; `null` for the first
 *   value that the metrics log.
 * @param task What is predicted.
 * @param metrics What is measured.
 * @throws {ConfigError} if no such value is logged.
 */
export function bestMetric(
  wanted: string | null,
  task: TaskInfo,
  metrics: readonly Metric[],
): BestMetric {
  const known = new Map([...metricNames(task, metrics), ["loss", false] as const]);
  const name = wanted === null ? [...known.keys()][0] : wanted.replace(/^val_/, "");
  const higher = known.get(name);
  if (higher !== undefined) return { name: `val_${name}`, higher_is_better: higher };
  const names = [...known.keys()].map((name) => `val_${name}`);
  const expected = describeChoices(names.map(quote));
  const hint = didYouMean(`val_${name}`, names);
  const issue = expectedIssue("training.best_checkpoint_metric", expected, wanted, hint);
  throw new ConfigError([issue]);
}
