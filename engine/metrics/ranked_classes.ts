/**
 * The samples of all classes in the order of their scores, sorted once, and areas under the curves
 * of any resample of them. A curve is a walk from the highest score to the lowest, and a sample
 * counts in it as often as the resample holds it, so a thousand resamples need no further sorting.
 * @module
 */
import type { MetricInput } from "../train/interfaces.ts";
import { THRESHOLD } from "./decisions.ts";

/**
 * All samples by the score of one class.
 * @category Metrics
 */
export interface RankedClass {
  /** Samples, highest score first. */
  readonly order: Int32Array;
  /** For each entry of `order`: 1 where the sample belongs to the class. */
  readonly positive: Uint8Array;
  /** For each entry of `order`: 1 where the next one has a lower score, or there is none. */
  readonly closes: Uint8Array;
}

/**
 * Ranks every class against the rest.
 * @param samples Predictions and targets of a classification, without NaN among the scores.
 * @returns One ranking per class.
 *
 * @example Three samples of one label
 * ```ts
 * import { rankSamples } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;
 * const scores = Float32Array.of(0.6, 0.9, 0.6);
 * const [ranked] = rankSamples({ ...task, count: 3, scores, labels: Int32Array.of(1, 0, 0) });
 * assertEquals([...ranked.order], [1, 0, 2]);
 * assertEquals([...ranked.closes], [1, 0, 1]);
 * ```
 *
 * @category Metrics
 */
export function rankSamples(samples: MetricInput): RankedClass[] {
  const { subtask, count, numClasses, scores, labels } = samples;
  return Array.from({ length: numClasses }, (_, c): RankedClass => {
    const column = Float32Array.from({ length: count }, (_, i) => scores[i * numClasses + c]);
    const order = Int32Array.from({ length: count }, (_, i) => i)
      .sort((a, b) => column[b] - column[a] || a - b);
    const isPositive = subtask === "multiclass"
      ? (i: number) => labels[i] === c
      : (i: number) => labels[i * numClasses + c] > THRESHOLD;
    return {
      order,
      positive: Uint8Array.from(order, (i) => isPositive(i) ? 1 : 0),
      closes: Uint8Array.from(order, (i, k) => column[i] === column[order[k + 1]] ? 0 : 1),
    };
  });
}

/**
 * Computes the area under the ROC curve by the trapezoidal rule: the share of pairs of a positive
 * and a negative that the scores order right, equal scores being half right.
 * @param ranked Samples by score.
 * @param counts How often each sample occurs.
 * @returns The area; NaN without positives or without negatives.
 *
 * @example Of two pairs, one is in order and one is tied
 * ```ts
 * import { areaUnderRoc } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const order = Int32Array.of(0, 1, 2);
 * const ranked = { order, positive: Uint8Array.of(1, 0, 0), closes: Uint8Array.of(0, 1, 1) };
 * assertEquals(areaUnderRoc(ranked, Int32Array.of(1, 1, 1)), 0.75);
 * ```
 *
 * @category Metrics
 */
export function areaUnderRoc(ranked: RankedClass, counts: Int32Array): number {
  const { order, positive, closes } = ranked;
  let [positives, negatives, wrong] = [0, 0, 0]; // `wrong` is twice the number of pairs
  let [tied, others] = [0, 0]; // of the scores that are equal
  for (let k = 0; k < order.length; k++) {
    const weight = counts[order[k]];
    if (positive[k] === 1) tied += weight;
    else others += weight;
    if (closes[k] === 0) continue;
    wrong += tied * (2 * negatives + others);
    positives += tied;
    negatives += others;
    tied = others = 0;
  }
  const pairs = positives * negatives;
  return pairs === 0 ? NaN : 1 - wrong / (2 * pairs);
}

/**
 * Computes average precision: the step-wise area under the precision-recall curve,
 * Σ (R_t - R_{t-1})·P_t over descending thresholds t.
 * @param ranked Samples by score.
 * @param counts How often each sample occurs.
 * @returns The area; NaN without positives.
 *
 * @example The positive comes second
 * ```ts
 * import { averagePrecision } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const order = Int32Array.of(0, 1);
 * const ranked = { order, positive: Uint8Array.of(0, 1), closes: Uint8Array.of(1, 1) };
 * assertEquals(averagePrecision(ranked, Int32Array.of(1, 1)), 0.5);
 * ```
 *
 * @category Metrics
 */
export function averagePrecision(ranked: RankedClass, counts: Int32Array): number {
  const { order, positive, closes } = ranked;
  let [positives, seen, sum, tied] = [0, 0, 0, 0];
  for (let k = 0; k < order.length; k++) {
    const weight = counts[order[k]];
    seen += weight;
    if (positive[k] === 1) tied += weight;
    if (closes[k] === 0 || tied === 0) continue;
    positives += tied;
    sum += tied * (positives / seen);
    tied = 0;
  }
  return sum / positives;
}
