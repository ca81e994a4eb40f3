/**
 * AUROC: area under the receiver operating characteristic, one class against the rest, averaged
 * over classes. Importing this module adds `auroc` to the `metric` slot.
 *
 * By the trapezoidal rule it is the share of (positive, negative) pairs that the scores order
 * right, an equal score being half right:
 *
 *     AUROC_c = 1 - Σ_i (above_i + atLeast_i) / (2·P·N)
 *
 * with P positives, N negatives, and for positive i the negatives that score higher and that score
 * higher or the same. Equals torchmetrics 1.9 `AUROC(average="macro", thresholds=None)`, where a
 * class without positives or without negatives **counts as 0** instead of being left out.
 *
 * Scores are kept until the end, so memory grows by 4 bytes × classes per sample.
 * @module
 */
import { areaUnderRoc } from "../../engine/metrics/ranked_classes.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { assertSupported, THRESHOLD } from "./_metric.ts";
import {
  accumulateRankings,
  type ClassRanking,
  meanOfDefined,
  resampleRankings,
} from "./_ranking.ts";

/**
 * Macro-averaged area under the ROC curve, logged as `AUROC`; NaN without samples or if a score is
 * NaN.
 *
 * @example Three of four pairs are in order
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.9, 0.1, 0.6, 0.4, 0.7, 0.3, 0.2, 0.8);
 * const labels = Int32Array.of(0, 0, 1, 1);
 * const accumulator = auroc.create({}, task).accumulator();
 * accumulator.update({ ...task, count: 4, scores, labels });
 * assertEquals(accumulator.compute(), { AUROC: 0.75 });
 * ```
 *
 * @category Metrics
 */
export const auroc: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "auroc",
  description: "Area under the ROC curve, one class against the rest (macro average)",
  config: noOptions,
  subtasks: ["multiclass", "multilabel"],
  create(_config, task) {
    assertSupported(auroc, task);
    return {
      higherIsBetter: true,
      targetThreshold: THRESHOLD,
      accumulator: () =>
        accumulateRankings(auroc.key, task, (rankings) => ({
          AUROC: meanOfDefined(rankings.map(areaUnderCurve)),
        })),
      resampler: (samples) =>
        resampleRankings(samples, (ranked, counts) => {
          const areas = ranked.map((each) => areaUnderRoc(each, counts));
          return { AUROC: meanOfDefined(areas.map((area) => Number.isNaN(area) ? 0 : area)) };
        }),
    };
  },
};

function areaUnderCurve({ positives, negatives, above, atLeast }: ClassRanking): number {
  const pairs = positives.length * negatives;
  if (pairs === 0) return 0;
  let wrong = 0; // twice the number of pairs
  for (let i = 0; i < positives.length; i++) wrong += above[i] + atLeast[i];
  return 1 - wrong / (2 * pairs);
}

registry.add(auroc);
