/**
 * F1: harmonic mean of precision and recall, 2·tp / (2·tp + fp + fn) a class, averaged over
 * classes. Importing this module adds `f1` to the `metric` slot.
 *
 * A class of a multiclass task that is neither a target nor predicted is left out of the mean;
 * labels of a multilabel task always count, with 0 where F1 is undefined. Equals torchmetrics 1.9
 * `F1Score(average="macro")`.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  accumulateDecisions,
  type Decisions,
  f1Score,
  macroAverage,
  resampleDecisions,
} from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Macro-averaged F1, logged as `F1`.
 *
 * @example A class that never occurs does not count
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
 * const scores = Float32Array.of(0.8, 0.1, 0.1, 0.3, 0.6, 0.1);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = f1.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { F1: 1 });
 * ```
 *
 * @category Metrics
 */
export const f1: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "f1",
  description: "Harmonic mean of precision and recall (macro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(f1, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(f1.key, task, macroF1),
      resampler: (samples) => resampleDecisions(samples, macroF1),
    };
  },
};

function macroF1(decisions: Decisions) {
  return { F1: macroAverage(decisions, f1Score) };
}

registry.add(f1);
