/**
 * MCC: Matthews' correlation coefficient of predictions and targets, 0 at chance, 1 at best, also
 * for many classes (Gorodkin, "Comparing two K-category assignments by a K-category correlation
 * coefficient", Computational Biology and Chemistry 2004). Importing this module adds `mcc` to the
 * `metric` slot.
 *
 * - multiclass: one coefficient of all classes. Equals scikit-learn 1.9 `matthews_corrcoef`: 0 where
 *   targets or predictions are one class throughout.
 * - multilabel: mean over labels of the coefficient of each, by the same rule.
 *
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  accumulateDecisions,
  type ClassCounts,
  type Decisions,
  resampleDecisions,
} from "./_confusion.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";

/**
 * Matthews' correlation coefficient, logged as `MCC`; NaN without samples.
 *
 * @example Everything is taken for class 0
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.7, 0.3);
 * const labels = Int32Array.of(0, 0, 1);
 * const accumulator = mcc.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 3, scores, labels });
 * assertEquals(accumulator.compute(), { MCC: 0 });
 * ```
 *
 * @category Metrics
 */
export const mcc: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "mcc",
  description: "Matthews' correlation coefficient",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(mcc, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () => accumulateDecisions(mcc.key, task, matthews),
      resampler: (samples) => resampleDecisions(samples, matthews),
    };
  },
};

function matthews({ subtask, count, classes }: Decisions) {
  if (count === 0) return { MCC: NaN };
  if (subtask === "multiclass") return { MCC: correlation(count, classes) };
  const each = classes.map((label) => correlation(count, [label, complement(label)]));
  return { MCC: each.reduce((sum, value) => sum + value, 0) / each.length };
}

/** Correlation over the classes that samples are divided into. */
function correlation(count: number, classes: readonly ClassCounts[]): number {
  let [both, predicted, actual, right] = [0, 0, 0, 0];
  for (const { tp, fp, fn } of classes) {
    both += (tp + fp) * (tp + fn);
    predicted += (tp + fp) ** 2;
    actual += (tp + fn) ** 2;
    right += tp;
  }
  const spread = (count ** 2 - predicted) * (count ** 2 - actual);
  return spread === 0 ? 0 : (right * count - both) / Math.sqrt(spread);
}

/** Samples without a label as a class. */
function complement({ tp, fp, fn, tn }: ClassCounts): ClassCounts {
  return { tp: tn, fp: fn, fn: fp, tn: tp };
}

registry.add(mcc);
