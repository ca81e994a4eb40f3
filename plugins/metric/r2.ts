/**
 * R²: coefficient of determination, 1 - Σ (target - prediction)² / Σ (target - mean target)²,
 * averaged over predicted values. Importing this module adds `r2` to the `metric` slot.
 *
 * Equals scikit-learn 1.9 `r2_score(multioutput="uniform_average")`: NaN for fewer than two samples;
 * where all targets are the same, 1 if every prediction is exact, else 0. Sums are kept in double
 * precision.
 * @module
 */
import type { Moments } from "../../engine/metrics/moments.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertSupported } from "./_metric.ts";
import { accumulateMoments, resampleMoments } from "./_moments.ts";

/**
 * Coefficient of determination, logged as `R2`.
 *
 * @example The mean of the targets predicts nothing
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const scores = Float32Array.of(3, 3);
 * const labels = Float32Array.of(2, 4);
 * const accumulator = r2.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { R2: 0 });
 * ```
 *
 * @category Metrics
 */
export const r2: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "r2",
  description: "Coefficient of determination",
  config: noOptions,
  subtasks: ["regression"],
  create(_config, task) {
    assertSupported(r2, task);
    const score = (moments: Moments) => moments.determination();
    return {
      higherIsBetter: true,
      accumulator: () => accumulateMoments(r2.key, task, "R2", score),
      resampler: (samples) => resampleMoments(samples, "R2", score),
    };
  },
};

registry.add(r2);
