/**
 * Brier score: mean squared error of probabilities (Brier, "Verification of forecasts expressed in
 * terms of probability", Monthly Weather Review 1950). Importing this module adds `brier` to the
 * `metric` slot.
 *
 * - multiclass: mean over samples of Σ_c (p_c - y_c)², from 0 to 2; with two classes half of that,
 *   which is (p_1 - y_1)², from 0 to 1. Equals scikit-learn 1.9 `brier_score_loss` with its default
 *   `scale_by_half="auto"`.
 * - multilabel: mean over samples and labels of (p - y)², from 0 to 1, which is the mean over labels
 *   of scikit-learn's score of each.
 *
 * Sums are kept in double precision.
 * @module
 */
import { brierLoss } from "../../engine/metrics/brier.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricInput, MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { accumulateLosses, meanOverValues, resampleLosses } from "./_losses.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Mean squared error of probabilities, logged as `Brier`; NaN without samples or if a score is NaN.
 *
 * @example Sure and right, sure and wrong
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
 * const scores = Float32Array.of(1, 0, 0, 1, 0, 0);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = brier.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Brier: 1 });
 * ```
 *
 * @category Metrics
 */
export const brier: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "brier",
  description: "Mean squared error of probabilities",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(brier, task);
    const lossOf = task.subtask === "multilabel" ? lossOfLabels : brierLoss;
    return {
      higherIsBetter: false,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateLosses(brier.key, task, "Brier", lossOf),
      resampler: (samples) => resampleLosses(samples, "Brier", lossOf),
    };
  },
};

function lossOfLabels({ numClasses, scores, labels }: MetricInput, sample: number): number {
  return meanOverValues(
    sample,
    numClasses,
    (at) => (scores[at] - (labels[at] > THRESHOLD ? 1 : 0)) ** 2,
  );
}

registry.add(brier);
