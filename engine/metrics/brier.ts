/**
 * The Brier score of single samples.
 * @module
 */
import type { MetricInput } from "../train/interfaces.ts";

/**
 * Computes Σ_c (p_c - y_c)² of a sample; half of it with two classes, where both terms are the same.
 * @param samples Predictions and targets of a multiclass task.
 * @param sample Index of the sample.
 * @returns The sum, as scikit-learn 1.9 `brier_score_loss(scale_by_half="auto")` has it.
 *
 * @example Sure and wrong
 * ```ts
 * import { brierLoss } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const [scores, labels] = [Float32Array.of(1, 0), Int32Array.of(1)];
 * assertEquals(brierLoss({ ...task, count: 1, scores, labels }, 0), 1);
 * ```
 *
 * @category Metrics
 */
export function brierLoss(samples: MetricInput, sample: number): number {
  const { numClasses, scores, labels } = samples;
  let sum = 0;
  for (let c = 0; c < numClasses; c++) {
    sum += (scores[sample * numClasses + c] - (labels[sample] === c ? 1 : 0)) ** 2;
  }
  return numClasses < 3 ? sum / 2 : sum;
}
