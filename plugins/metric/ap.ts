/**
 * AP: average precision, the step-wise area under the precision-recall curve, one class against
 * the rest, averaged over classes. Importing this module adds `ap` to the `metric` slot.
 *
 * AP_c = Σ_t (R_t - R_{t-1})·P_t over descending thresholds t, which is the mean over positives of
 * the precision at their own score:
 *
 *     AP_c = 1/P Σ_i tp_i / (tp_i + fp_i)
 *
 * with tp_i positives and fp_i negatives that score at least as high as positive i. Equals
 * torchmetrics 1.9 `AveragePrecision(average="macro", thresholds=None)`: a class without positives
 * is left out, except that it **counts as 0** when the targets that torchmetrics looks at are all
 * 0, which is every label of a multilabel task without positives, and every absent class of a
 * multiclass task whose samples all belong to class 0.
 *
 * Scores are kept until the end, so memory grows by 4 bytes × classes per sample.
 * @module
 */
import { averagePrecision, type RankedClass } from "../../engine/metrics/ranked_classes.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin, TaskInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";
import {
  accumulateRankings,
  type ClassRanking,
  meanOfDefined,
  resampleRankings,
} from "./_ranking.ts";

/**
 * Macro-averaged average precision, logged as `AP`; NaN without samples or if a score is NaN.
 *
 * @example One of two positives is outranked by a negative
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;
 * const scores = Float32Array.of(0.9, 0.7, 0.6);
 * const labels = Int32Array.of(1, 0, 1);
 * const accumulator = ap.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 3, scores, labels });
 * assertAlmostEquals(accumulator.compute().AP, (1 + 2 / 3) / 2);
 * ```
 *
 * @category Metrics
 */
export const ap: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "ap",
  description: "Average precision, one class against the rest (macro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(ap, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () =>
        accumulateRankings(ap.key, task, (rankings) => {
          const absent = scoreOfAbsent(task, rankings[0]?.negatives === 0);
          return { AP: meanOfDefined(rankings.map((each) => precisionOf(each, absent))) };
        }),
      resampler: (samples) =>
        resampleRankings(samples, (ranked, counts) => {
          const areas = ranked.map((each) => averagePrecision(each, counts));
          const absent = scoreOfAbsent(task, areas.length > 0 && isAll(ranked[0], counts));
          return { AP: meanOfDefined(areas.map((area) => Number.isNaN(area) ? absent : area)) };
        }),
    };
  },
};

function precisionOf({ positives, atLeast }: ClassRanking, absent: number): number {
  const total = positives.length;
  if (total === 0) return absent;
  let sum = 0;
  let tp = 0; // positives that score at least as high as positive i
  for (let i = total - 1; i >= 0; i--) {
    // A group of equal scores shares one threshold, so its first member counts all of them.
    if (i === total - 1 || positives[i] !== positives[i + 1]) {
      let first = i;
      while (first > 0 && positives[first - 1] === positives[i]) first--;
      tp = total - first;
    }
    sum += tp / (tp + atLeast[i]);
  }
  return sum / total;
}

/** What a class without positives counts as; `only` says whether all samples are of class 0. */
function scoreOfAbsent({ subtask }: TaskInfo, only: boolean): number {
  return subtask === "multilabel" || only ? 0 : NaN;
}

/** Whether a resample holds no sample of another class. */
function isAll({ order, positive }: RankedClass, counts: Int32Array): boolean {
  return order.every((sample, k) => positive[k] === 1 || counts[sample] === 0);
}

registry.add(ap);
