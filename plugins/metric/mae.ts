/**
 * MAE: mean absolute error, 1/n Σ |prediction - target|, over all samples and predicted values.
 * Importing this module adds `mae` to the `metric` slot.
 *
 * Equals torchmetrics 1.9 `MeanAbsoluteError()`; sums are kept in double precision.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { meanOverValues, resampleLosses } from "./_losses.ts";
import { assertBatch, assertSupported } from "./_metric.ts";

/**
 * Mean absolute error, logged as `MAE`.
 *
 * @example Errors of 1 and 2
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const scores = Float32Array.of(1, 2);
 * const labels = Float32Array.of(2, 4);
 * const accumulator = mae.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { MAE: 1.5 });
 * ```
 *
 * @category Metrics
 */
export const mae: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "mae",
  description: "Mean absolute error",
  config: noOptions,
  subtasks: ["regression"],
  create(_config, task) {
    assertSupported(mae, task);
    return {
      higherIsBetter: false,
      accumulator() {
        let sum = 0;
        let count = 0;
        return {
          update(batch) {
            assertBatch(mae.key, task, batch);
            const { scores, labels } = batch;
            let total = sum; // adding to a captured variable in the loop is four times slower
            for (let i = 0; i < scores.length; i++) total += Math.abs(scores[i] - labels[i]);
            sum = total;
            count += scores.length;
          },
          compute: () => ({ MAE: sum / count }),
        };
      },
      resampler: (samples) =>
        resampleLosses(
          samples,
          "MAE",
          ({ numClasses, scores, labels }, i) =>
            meanOverValues(i, numClasses, (at) => Math.abs(scores[at] - labels[at])),
        ),
    };
  },
};

registry.add(mae);
