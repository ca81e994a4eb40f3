/**
 * Accuracy: the share of right decisions. Importing this module adds `acc` to the `metric` slot.
 *
 * - multiclass: samples whose highest score is the target's, of all samples;
 * - multilabel: decisions (probability > 0.5) that equal the target, of all samples × labels.
 *
 * Equals torchmetrics 1.9 `Accuracy(average="micro")`, its default.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { accumulateDecisions, type Decisions, resampleDecisions } from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Share of right decisions, logged as `Accuracy`.
 *
 * @example One of two samples is right
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.8, 0.2);
 * const labels = Int32Array.of(0, 1);
 * const accumulator = acc.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 2, scores, labels });
 * assertEquals(accumulator.compute(), { Accuracy: 0.5 });
 * ```
 *
 * @category Metrics
 */
export const acc: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "acc",
  description: "Share of right decisions (micro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(acc, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(acc.key, task, accuracy),
      resampler: (samples) => resampleDecisions(samples, accuracy),
    };
  },
};

function accuracy({ subtask, count, classes }: Decisions) {
  const right = subtask === "multilabel"
    ? classes.reduce((sum, { tp, tn }) => sum + tp + tn, 0) / classes.length
    : classes.reduce((sum, { tp }) => sum + tp, 0);
  return { Accuracy: right / count };
}

registry.add(acc);
