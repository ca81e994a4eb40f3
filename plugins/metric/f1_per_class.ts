/**
 * F1 of every class: 2·tp / (2·tp + fp + fn), 0 for a class that is neither a target nor
 * predicted. Importing this module adds `f1_per_class` to the `metric` slot.
 *
 * Equals torchmetrics 1.9 `F1Score(average=None)`.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { accumulateDecisions, type Decisions, f1Score, resampleDecisions } from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * F1 class by class, logged as `F1_class_0`, `F1_class_1`, ….
 *
 * @example The third class never occurs
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
 * const scores = Float32Array.of(0.8, 0.1, 0.1, 0.3, 0.6, 0.1);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = f1PerClass.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { F1_class_0: 1, F1_class_1: 1, F1_class_2: 0 });
 * ```
 *
 * @category Metrics
 */
export const f1PerClass: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "f1_per_class",
  description: "Harmonic mean of precision and recall, class by class",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(f1PerClass, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(f1PerClass.key, task, f1ByClass),
      resampler: (samples) => resampleDecisions(samples, f1ByClass),
    };
  },
};

function f1ByClass({ count, classes }: Decisions) {
  return Object.fromEntries(
    classes.map((each, c) => [`F1_class_${c}`, count === 0 ? NaN : f1Score(each)]),
  );
}

registry.add(f1PerClass);
