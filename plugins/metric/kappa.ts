/**
 * Kappa: Cohen's kappa with quadratic weights, agreement of ordered classes beyond chance
 * (Cohen, "Weighted kappa", Psychological Bulletin 1968). Importing this module adds `kappa` to the
 * `metric` slot.
 *
 *     kappa = 1 - Σ_ij (i - j)²·O_ij / Σ_ij (i - j)²·a_i·p_j / n
 *
 * with O the confusion matrix, a and p its sums over rows and columns, n the number of samples: an
 * error costs the square of the distance between two class indices, so it suits grades. Equals
 * scikit-learn 1.9 `cohen_kappa_score(labels=range(num_classes), weights="quadratic")`: NaN where
 * targets and predictions are one and the same class throughout. (Without `labels`, scikit-learn
 * closes the gaps that absent classes leave between grades.)
 * @module
 */
import { argmax, confusionMatrix, decide } from "../../engine/metrics/decisions.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertBatch, assertSupported } from "./_metric.ts";

/**
 * Cohen's kappa with quadratic weights, logged as `Kappa`.
 *
 * @example Neighbouring grades are taken for each other
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
 * const scores = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0);
 * const labels = Int32Array.of(0, 2, 2);
 * const accumulator = kappa.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 3, scores, labels });
 * assertAlmostEquals(accumulator.compute().Kappa, 0.8);
 * ```
 *
 * @category Metrics
 */
export const kappa: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "kappa",
  description: "Cohen's kappa with quadratic weights, for ordered classes",
  config: noOptions,
  subtasks: ["multiclass"],
  create(_config, task) {
    assertSupported(kappa, task);
    const { numClasses } = task;
    return {
      higherIsBetter: true,
      accumulator() {
        const matrix = new Float64Array(numClasses * numClasses);
        return {
          update(batch) {
            assertBatch(kappa.key, task, batch);
            for (let i = 0; i < batch.count; i++) {
              const decision = argmax(batch.scores, i * numClasses, numClasses);
              matrix[batch.labels[i] * numClasses + decision]++;
            }
          },
          compute: () => ({ Kappa: quadraticKappa(matrix, numClasses) }),
        };
      },
      resampler(samples) {
        const decided = decide(samples);
        return (counts) => ({
          Kappa: quadraticKappa(confusionMatrix(decided, counts), numClasses),
        });
      },
    };
  },
};

function quadraticKappa(matrix: Float64Array, size: number): number {
  const [actual, predicted] = [new Float64Array(size), new Float64Array(size)];
  let [count, observed, expected] = [0, 0, 0];
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j < size; j++, at++) {
      actual[i] += matrix[at];
      predicted[j] += matrix[at];
      observed += (i - j) ** 2 * matrix[at];
      count += matrix[at];
    }
  }
  // A sum of terms that are not negative: 0 only where each of them is, and `observed` as well.
  for (let i = 0; i < size; i++) {
    if (actual[i] === 0) continue;
    for (let j = 0; j < size; j++) expected += (i - j) ** 2 * actual[i] * predicted[j];
  }
  return 1 - (observed * count) / expected;
}

registry.add(kappa);
