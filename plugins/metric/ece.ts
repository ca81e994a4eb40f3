/**
 * ECE: expected calibration error, the mean distance between confidence and accuracy in 15 bins of
 * equal width (Naeini et al., AAAI 2015; Guo et al., ICML 2017). Importing this module adds `ece` to
 * the `metric` slot.
 *
 * - multiclass: confidence is the highest probability. Equals torchmetrics 1.9
 *   `multiclass_calibration_error(n_bins=15, norm="l1")`, which gives confidences of exactly 1 a bin
 *   of their own.
 * - multilabel: mean over labels of `binary_calibration_error`, where confidence is the label's
 *   probability.
 *
 * @module
 */
import { Calibration, confidencesOf } from "../../engine/metrics/calibration.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricInput, MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertBatch, assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Expected calibration error, logged as `ECE`; NaN without samples or if a score is NaN.
 *
 * @example Sure of two decisions, one of which is wrong
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.25, 0.75, 0.25, 0.75);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = ece.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { ECE: 0.25 });
 * ```
 *
 * @category Metrics
 */
export const ece: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "ece",
  description: "Expected calibration error, in 15 bins of the confidence",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(ece, task);
    const width = task.subtask === "multilabel" ? task.numClasses : 1;
    const begin = () => Array.from({ length: width }, () => new Calibration());
    return {
      higherIsBetter: false,
      targetThreshold: THRESHOLD,
      accumulator() {
        const calibrations = begin();
        return {
          update(batch) {
            assertBatch(ece.key, task, batch);
            addAll(calibrations, batch);
          },
          compute: () => ({ ECE: meanError(calibrations) }),
        };
      },
      resampler(samples) {
        const confidences = confidencesOf(samples);
        return (counts) => {
          const calibrations = begin();
          for (const [at, each] of calibrations.entries()) each.add(confidences[at], counts);
          return { ECE: meanError(calibrations) };
        };
      },
    };
  },
};

function addAll(calibrations: readonly Calibration[], batch: MetricInput): void {
  const confidences = confidencesOf(batch);
  for (const [at, each] of calibrations.entries()) each.add(confidences[at]);
}

function meanError(calibrations: readonly Calibration[]): number {
  return calibrations.reduce((sum, each) => sum + each.error(), 0) / calibrations.length;
}

registry.add(ece);
