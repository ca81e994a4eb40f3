/**
 * Metrics of regression that are computed from {@linkcode Moments}, averaged over predicted values.
 * @module
 */
import { Moments } from "../../engine/metrics/moments.ts";
import type { MetricAccumulator, MetricInput, Resampler, TaskInfo } from "../../registry/plugin.ts";
import { assertBatch } from "./_metric.ts";

/**
 * Makes the accumulator of a metric of predicted values and targets.
 * @param key Key of the metric, for messages.
 * @param task What the run predicts.
 * @param name What the unweighted mean over predicted values is logged as.
 * @param score Computes the metric of one predicted value.
 * @returns The accumulator.
 *
 * @example Correlation of two samples
 * ```ts
 * import { accumulateMoments } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const accumulator = accumulateMoments("r", task, "R", (moments) => moments.correlation());
 * const batch = { scores: Float32Array.of(1, 2), labels: Float32Array.of(2, 4) };
 * accumulator.update({ ...task, count: 2, ...batch });
 * assertEquals(accumulator.compute(), { R: 1 });
 * ```
 *
 * @category Metrics
 */
export function accumulateMoments(
  key: string,
  task: TaskInfo,
  name: string,
  score: (moments: Moments) => number,
): MetricAccumulator {
  const moments = Array.from({ length: task.numClasses }, () => new Moments());
  return {
    update(batch) {
      assertBatch(key, task, batch);
      addAll(moments, batch);
    },
    compute: () => ({ [name]: mean(moments.map(score)) }),
  };
}

/**
 * Makes the {@linkcode Resampler} of such a metric.
 * @param samples Predictions and targets of all samples.
 * @param name What the unweighted mean over predicted values is logged as.
 * @param score Computes the metric of one predicted value.
 * @returns The metric of any resample.
 *
 * @example Correlation without the sample that breaks it
 * ```ts
 * import { resampleMoments } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const [scores, labels] = [Float32Array.of(1, 2, 3), Float32Array.of(2, 4, 0)];
 * const samples = { ...task, count: 3, scores, labels };
 * const resample = resampleMoments(samples, "R", (moments) => moments.correlation());
 * assertEquals(resample(Int32Array.of(1, 1, 0)), { R: 1 });
 * ```
 *
 * @category Metrics
 */
export function resampleMoments(
  samples: MetricInput,
  name: string,
  score: (moments: Moments) => number,
): Resampler {
  return (counts) => {
    const moments = Array.from({ length: samples.numClasses }, () => new Moments());
    addAll(moments, samples, counts);
    return { [name]: mean(moments.map(score)) };
  };
}

function addAll(
  moments: readonly Moments[],
  { count, numClasses, scores, labels }: MetricInput,
  counts?: Int32Array,
): void {
  for (let i = 0, at = 0; i < count; i++) {
    const weight = counts === undefined ? 1 : counts[i];
    if (weight === 0) at += numClasses;
    else for (let c = 0; c < numClasses; c++, at++) moments[c].add(scores[at], labels[at], weight);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
