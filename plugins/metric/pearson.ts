/**
 * Pearson: correlation coefficient of predictions and targets, averaged over predicted values.
 * Importing this module adds `pearson` to the `metric` slot.
 *
 * Equals torchmetrics 1.9 `PearsonCorrCoef`, averaged, and `numpy.corrcoef`: NaN where all targets or
 * all predictions are the same. torchmetrics gives NaN also where their variance is small beside
 * the largest deviation, because float32 loses it; here sums are kept in double precision.
 * @module
 */
import type { Moments } from "../../engine/metrics/moments.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertSupported } from "./_metric.ts";
import { accumulateMoments, resampleMoments } from "./_moments.ts";

/**
 * Pearson's correlation coefficient, logged as `Pearson`.
 *
 * @example Twice as large, and in order
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const scores = Float32Array.of(1, 2);
 * const labels = Float32Array.of(2, 4);
 * const accumulator = pearson.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Pearson: 1 });
 * ```
 *
 * @category Metrics
 */
export const pearson: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "pearson",
  description: "Pearson's correlation coefficient",
  config: noOptions,
  subtasks: ["regression"],
  create(_config, task) {
    assertSupported(pearson, task);
    const score = (moments: Moments) => moments.correlation();
    return {
      higherIsBetter: true,
      accumulator: () => accumulateMoments(pearson.key, task, "Pearson", score),
      resampler: (samples) => resampleMoments(samples, "Pearson", score),
    };
  },
};

registry.add(pearson);
