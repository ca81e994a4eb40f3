/**
 * Specificity tn / (tn + fp), the share of negatives that are recognised, averaged over classes.
 * Importing this module adds `specificity` to the `metric` slot.
 *
 * A class of a multiclass task that is neither a target nor predicted is left out of the mean;
 * otherwise an undefined specificity counts as 0. Equals torchmetrics 1.9
 * `Specificity(average="macro")`.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  accumulateDecisions,
  type Decisions,
  macroAverage,
  ratio,
  resampleDecisions,
} from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Macro-averaged specificity, logged as `Specificity`; NaN without samples.
 *
 * @example Everything is taken for class 0
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.8, 0.2);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = specificity.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Specificity: 0.5 });
 * ```
 *
 * @category Metrics
 */
export const specificity: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "specificity",
  description: "Share of negatives that are recognised (macro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(specificity, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(specificity.key, task, macroSpecificity),
      resampler: (samples) => resampleDecisions(samples, macroSpecificity),
    };
  },
};

function macroSpecificity(decisions: Decisions) {
  return { Specificity: macroAverage(decisions, ({ tn, fp }) => ratio(tn, tn + fp)) };
}

registry.add(specificity);
