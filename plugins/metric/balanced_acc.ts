/**
 * Balanced accuracy: every class weighs the same, however many samples it has. Importing this
 * module adds `balanced_acc` to the `metric` slot.
 *
 * - multiclass: mean of the recall tp / (tp + fn) over classes; a class that is neither a target
 *   nor predicted is left out. Equals torchmetrics 1.9 `Accuracy(average="macro")`.
 * - multilabel: mean of (recall + specificity) / 2 over labels, with specificity tn / (tn + fp)
 *   and 0 where either is undefined. torchmetrics has no such metric; this is GloViTa's, except
 *   that a probability of exactly 0.5 is negative here as in all other metrics.
 *
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  accumulateDecisions,
  type ClassCounts,
  type Decisions,
  macroAverage,
  ratio,
  recall,
  resampleDecisions,
} from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Accuracy with every class weighing the same, logged as `Balanced_Accuracy`.
 *
 * @example Three of three and none of one
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4);
 * const labels = Int32Array.of(0, 0, 0, 1);
 * const accumulator = balancedAcc.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 4, scores, labels });
 * assertEquals(accumulator.compute(), { Balanced_Accuracy: 0.5 });
 * ```
 *
 * @category Metrics
 */
export const balancedAcc: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "balanced_acc",
  description: "Accuracy with every class weighing the same (macro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(balancedAcc, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(balancedAcc.key, task, balancedAccuracy),
      resampler: (samples) => resampleDecisions(samples, balancedAccuracy),
    };
  },
};

function balancedAccuracy(decisions: Decisions) {
  const score = decisions.subtask === "multilabel" ? balancedRecall : recall;
  return { Balanced_Accuracy: macroAverage(decisions, score) };
}

function balancedRecall(counts: ClassCounts): number {
  return (recall(counts) + ratio(counts.tn, counts.tn + counts.fp)) / 2;
}

registry.add(balancedAcc);
