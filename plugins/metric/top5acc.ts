/**
 * Top-5 accuracy: the share of samples whose target is among the five highest scores. Importing
 * this module adds `top5acc` to the `metric` slot.
 *
 * Among equal scores the lower class index ranks higher; a NaN score is never a hit. Equals
 * torchmetrics 1.9 `Accuracy(top_k=5, average="micro")`, whose order of equal scores is that of
 * `torch.topk` and unspecified. Needs five classes, as there.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricInput, MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { resampleLosses } from "./_losses.ts";
import { assertBatch, assertSupported } from "./_metric.ts";

const TOP_K = 5;

/**
 * Share of samples whose target is among the five highest scores, logged as `Accuracy_top5`.
 *
 * @example Class 5 comes last, class 4 comes fifth
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 6 } as const;
 * const scores = Float32Array.of(6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1).map((x) => x / 21);
 * const labels = Int32Array.of(4, 5);
 * const accumulator = top5acc.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Accuracy_top5: 0.5 });
 * ```
 *
 * @category Metrics
 */
export const top5acc: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "top5acc",
  description: "Share of samples whose target is among the five highest scores",
  config: noOptions,
  subtasks: ["multiclass"],
  create(_config, task) {
    assertSupported(top5acc, task);
    if (task.numClasses < TOP_K) {
      throw new RangeError(
        `Cannot compute metric "${top5acc.key}": num_classes is ${task.numClasses}, ` +
          `expected ${TOP_K} or more`,
      );
    }
    return {
      higherIsBetter: true,
      accumulator() {
        let hits = 0;
        let count = 0;
        return {
          update(batch) {
            assertBatch(top5acc.key, task, batch);
            for (let i = 0; i < batch.count; i++) hits += hit(batch, i);
            count += batch.count;
          },
          compute: () => ({ Accuracy_top5: hits / count }),
        };
      },
      resampler: (samples) => resampleLosses(samples, "Accuracy_top5", hit),
    };
  },
};

/** 1 where the target of a sample is among the five, else 0. */
function hit({ numClasses, scores, labels }: MetricInput, sample: number): number {
  const row = scores.subarray(sample * numClasses, (sample + 1) * numClasses);
  return rankOf(labels[sample], row) < TOP_K ? 1 : 0;
}

/** Number of classes that rank above `label`; all that cannot be compared do. */
function rankOf(label: number, row: Float32Array): number {
  const score = row[label];
  let rank = 0;
  for (let c = 0; c < row.length; c++) {
    if (!(row[c] <= score) || (row[c] === score && c < label)) rank++;
  }
  return rank;
}

registry.add(top5acc);
