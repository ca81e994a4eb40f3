/**
 * Precision tp / (tp + fp) and recall tp / (tp + fn), averaged over classes. Importing this module
 * adds `pr` to the `metric` slot.
 *
 * A class of a multiclass task that is neither a target nor predicted is left out of both means;
 * otherwise an undefined score counts as 0. Equals torchmetrics 1.9 `Precision(average="macro")`
 * and `Recall(average="macro")`.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  accumulateDecisions,
  type Decisions,
  macroAverage,
  precision,
  recall,
  resampleDecisions,
} from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Macro-averaged precision and recall, logged as `Precision` and `Recall`.
 *
 * @example Everything is taken for class 0
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.8, 0.2);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = pr.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Precision: 0.25, Recall: 0.5 });
 * ```
 *
 * @category Metrics
 */
export const pr: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "pr",
  description: "Precision and recall (macro averages)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(pr, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(pr.key, task, precisionAndRecall),
      resampler: (samples) => resampleDecisions(samples, precisionAndRecall),
    };
  },
};

function precisionAndRecall(decisions: Decisions) {
  return {
    Precision: macroAverage(decisions, precision),
    Recall: macroAverage(decisions, recall),
  };
}

registry.add(pr);
