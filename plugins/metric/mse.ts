/**
 * MSE: mean squared error, 1/n Σ (prediction - target)², over all samples and predicted values.
 * Importing this module adds `mse` to the `metric` slot.
 *
 * Equals torchmetrics 1.9 `MeanSquaredError()`; sums are kept in double precision.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { meanOverValues, resampleLosses } from "./_losses.ts";
import { assertBatch, assertSupported } from "./_metric.ts";

/**
 * Mean squared error, logged as `MSE`.
 *
 * @example Errors of 1 and 2
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const scores = Float32Array.of(1, 2);
 * const labels = Float32Array.of(2, 4);
 * const accumulator = mse.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { MSE: 2.5 });
 * ```
 *
 * @category Metrics
 */
export const mse: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "mse",
  description: "Mean squared error",
  config: noOptions,
  subtasks: ["regression"],
  create(_config, task) {
    assertSupported(mse, task);
    return {
      higherIsBetter: false,
      accumulator() {
        let sum = 0;
        let count = 0;
        return {
          update(batch) {
            assertBatch(mse.key, task, batch);
            const { scores, labels } = batch;
            let total = sum; // adding to a captured variable in the loop is four times slower
            for (let i = 0; i < scores.length; i++) total += (scores[i] - labels[i]) ** 2;
            sum = total;
            count += scores.length;
          },
          compute: () => ({ MSE: sum / count }),
        };
      },
      resampler: (samples) =>
        resampleLosses(
          samples,
          "MSE",
          ({ numClasses, scores, labels }, i) =>
            meanOverValues(i, numClasses, (at) => (scores[at] - labels[at]) ** 2),
        ),
    };
  },
};

registry.add(mse);
