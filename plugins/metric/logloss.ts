/**
 * Log loss (cross entropy) of probabilities: mean of -log of the probability of what is true, with
 * natural logarithms. Importing this module adds `logloss` to the `metric` slot.
 *
 * - multiclass: -log p of the target's class. Equals scikit-learn 1.9 `log_loss`.
 * - multilabel: mean over labels of -log p where the label is true, else -log (1 - p).
 *
 * Probabilities are clipped to [ε, 1 - ε] with float32's ε = 2^-23, as scikit-learn clips float32
 * probabilities: the loss of a sample is 15.9 at most. Sums are kept in double precision.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricInput, MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { accumulateLosses, meanOverValues, resampleLosses } from "./_losses.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

const EPSILON = 2 ** -23;

/**
 * Cross entropy of probabilities, logged as `Log_Loss`; NaN without samples or if a score is NaN.
 *
 * @example Half of the probability each
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.5, 0.5);
 * const accumulator = logloss.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 1, scores, labels: Int32Array.of(1) });
 * assertEquals(accumulator.compute(), { Log_Loss: Math.log(2) });
 * ```
 *
 * @category Metrics
 */
export const logloss: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "logloss",
  description: "Cross entropy of probabilities",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(logloss, task);
    const lossOf = task.subtask === "multilabel" ? lossOfLabels : lossOfClass;
    return {
      higherIsBetter: false,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateLosses(logloss.key, task, "Log_Loss", lossOf),
      resampler: (samples) => resampleLosses(samples, "Log_Loss", lossOf),
    };
  },
};

function lossOfClass({ numClasses, scores, labels }: MetricInput, sample: number): number {
  return surprise(scores[sample * numClasses + labels[sample]]);
}

function lossOfLabels({ numClasses, scores, labels }: MetricInput, sample: number): number {
  return meanOverValues(
    sample,
    numClasses,
    (at) => surprise(labels[at] > THRESHOLD ? scores[at] : 1 - scores[at]),
  );
}

function surprise(probability: number): number {
  return -Math.log(Math.min(Math.max(probability, EPSILON), 1 - EPSILON));
}

registry.add(logloss);
