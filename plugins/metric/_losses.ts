/**
 * Means of a loss over samples: the ground of Brier score, log loss and errors of regression.
 * @module
 */
import type { MetricAccumulator, MetricInput, Resampler, TaskInfo } from "../../registry/plugin.ts";
import { assertBatch } from "./_metric.ts";

/**
 * Loss of one sample.
 * @param batch Predictions and targets.
 * @param sample Index of the sample.
 * @returns The loss.
 * @category Metrics
 */
export type SampleLoss = (batch: MetricInput, sample: number) => number;

/**
 * Makes the accumulator of a metric that is the mean of a loss.
 * @param key Key of the metric, for messages.
 * @param task What the run predicts.
 * @param name What the mean is logged as.
 * @param lossOf Loss of one sample.
 * @returns The accumulator; its value is NaN without samples.
 *
 * @example Mean of squared errors
 * ```ts
 * import { accumulateLosses } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const accumulator = accumulateLosses("mse", task, "MSE", ({ scores, labels }, i) => {
 *   return (scores[i] - labels[i]) ** 2;
 * });
 * const batch = { scores: Float32Array.of(1, 2), labels: Float32Array.of(2, 4) };
 * accumulator.update({ ...task, count: 2, ...batch });
 * assertEquals(accumulator.compute(), { MSE: 2.5 });
 * ```
 *
 * @category Metrics
 */
export function accumulateLosses(
  key: string,
  task: TaskInfo,
  name: string,
  lossOf: SampleLoss,
): MetricAccumulator {
  let sum = 0;
  let count = 0;
  return {
    update(batch) {
      assertBatch(key, task, batch);
      let total = sum; // adding to a captured variable in the loop is four times slower
      for (let i = 0; i < batch.count; i++) total += lossOf(batch, i);
      sum = total;
      count += batch.count;
    },
    compute: () => ({ [name]: sum / count }),
  };
}

/**
 * Makes the {@linkcode Resampler} of a metric that is the mean of a loss.
 * @param samples Predictions and targets of all samples.
 * @param name What the mean is logged as.
 * @param lossOf Loss of one sample.
 * @returns The metric of any resample.
 *
 * @example The sample with the smaller error three times
 * ```ts
 * import { resampleLosses } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const [scores, labels] = [Float32Array.of(1, 2), Float32Array.of(2, 4)];
 * const resample = resampleLosses({ ...task, count: 2, scores, labels }, "MSE", (batch, i) => {
 *   return (batch.scores[i] - batch.labels[i]) ** 2;
 * });
 * assertEquals(resample(Int32Array.of(3, 0)), { MSE: 1 });
 * ```
 *
 * @category Metrics
 */
export function resampleLosses(
  samples: MetricInput,
  name: string,
  lossOf: SampleLoss,
): Resampler {
  const losses = Float64Array.from({ length: samples.count }, (_, i) => lossOf(samples, i));
  return (counts) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < losses.length; i++) {
      if (counts[i] === 0) continue;
      sum += counts[i] * losses[i];
      count += counts[i];
    }
    return { [name]: sum / count };
  };
}

/**
 * Mean over the values of one sample.
 * @param sample Index of the sample.
 * @param width Values per sample.
 * @param lossAt Loss of the value at an index of scores and labels.
 * @returns The mean.
 *
 * @example Second sample of two values
 * ```ts
 * import { meanOverValues } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meanOverValues(1, 2, (at) => at), 2.5);
 * ```
 *
 * @category Metrics
 */
export function meanOverValues(
  sample: number,
  width: number,
  lossAt: (at: number) => number,
): number {
  let sum = 0;
  for (let at = sample * width; at < (sample + 1) * width; at++) sum += lossAt(at);
  return sum / width;
}
