/**
 * How far confidence is from accuracy, in 15 bins of equal width, as torchmetrics computes it
 * (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; Guo et
 * al., "On Calibration of Modern Neural Networks", ICML 2017).
 * @module
 */
import type { MetricInput } from "../train/interfaces.ts";
import { argmax, THRESHOLD } from "./decisions.ts";

const BINS = 15;

/** Where bins begin: `torch.linspace(0, 1, 16)` to the bit. The last one holds exactly 1. */
const STARTS: Float32Array = Float32Array.from({ length: BINS + 1 }, (_, i) => {
  const step = Math.fround(1 / BINS);
  return i <= BINS / 2 ? step * i : 1 - step * (BINS - i);
});

/**
 * Decisions with the probability that the model gave them.
 * @category Metrics
 */
export interface Confidences {
  /** Sample by sample, the highest probability (multiclass) or that of the label (multilabel). */
  readonly confidence: Float32Array;
  /** 1 where the decision is right (multiclass) or the label is true (multilabel). */
  readonly right: Uint8Array;
}

/**
 * Decisions of about the same confidence.
 * @category Metrics
 */
export interface CalibrationBin {
  /** Lowest confidence of the bin. */
  readonly from: number;
  /** End of the bin, which belongs to the next one; confidences of exactly 1 have a bin of their own. */
  readonly to: number;
  /** Mean confidence. */
  readonly confidence: number;
  /** Share that is right. */
  readonly accuracy: number;
  /** Number of decisions. */
  readonly count: number;
}

/**
 * Finds how sure the model was.
 * @param samples Predictions and targets of a classification.
 * @returns The confidences of the decisions (multiclass), or those of each label (multilabel).
 *
 * @example A right decision and a wrong one
 * ```ts
 * import { confidencesOf } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.25, 0.75, 0.5, 0.5);
 * const [found] = confidencesOf({ ...task, count: 2, scores, labels: Int32Array.of(1, 1) });
 * assertEquals([[...found.confidence], [...found.right]], [[0.75, 0.5], [1, 0]]);
 * ```
 *
 * @category Metrics
 */
export function confidencesOf(samples: MetricInput): Confidences[] {
  const { subtask, count, numClasses, scores, labels } = samples;
  if (subtask === "multilabel") {
    return Array.from({ length: numClasses }, (_, c) => ({
      confidence: Float32Array.from({ length: count }, (_, i) => scores[i * numClasses + c]),
      right: Uint8Array.from(
        { length: count },
        (_, i) => labels[i * numClasses + c] > THRESHOLD ? 1 : 0,
      ),
    }));
  }
  const [confidence, right] = [new Float32Array(count), new Uint8Array(count)];
  for (let i = 0; i < count; i++) {
    const decision = argmax(scores, i * numClasses, numClasses);
    confidence[i] = scores[i * numClasses + decision];
    right[i] = decision === labels[i] ? 1 : 0;
  }
  return [{ confidence, right }];
}

/**
 * Adds up confidences bin by bin.
 *
 * @example Sure, and wrong half of the time
 * ```ts
 * import { Calibration } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const calibration = new Calibration();
 * calibration.add({ confidence: Float32Array.of(0.75, 0.75), right: Uint8Array.of(1, 0) });
 * assertEquals(calibration.error(), 0.25);
 * ```
 *
 * @category Metrics
 */
export class Calibration {
  readonly #counts = new Float64Array(BINS + 1);
  readonly #confidence = new Float64Array(BINS + 1);
  readonly #right = new Float64Array(BINS + 1);

  /**
   * Adds decisions.
   * @param confidences The decisions; one whose confidence is NaN makes the error NaN.
   * @param counts How often each of them occurs; once each where not given.
   */
  add({ confidence, right }: Confidences, counts?: Int32Array): void {
    for (let i = 0; i < confidence.length; i++) {
      const weight = counts === undefined ? 1 : counts[i];
      if (weight === 0) continue;
      const bin = binOf(confidence[i]);
      this.#counts[bin] += weight;
      this.#confidence[bin] += weight * confidence[i];
      this.#right[bin] += weight * right[i];
    }
  }

  /**
   * Computes the expected calibration error: Σ count·|accuracy - confidence| / Σ count over bins.
   * @returns The error; NaN without decisions.
   */
  error(): number {
    let [sum, count] = [0, 0];
    for (let bin = 0; bin <= BINS; bin++) {
      sum += Math.abs(this.#right[bin] - this.#confidence[bin]);
      count += this.#counts[bin];
    }
    return sum / count;
  }

  /**
   * Gives the bins.
   * @returns Those that hold decisions, by ascending confidence.
   */
  bins(): CalibrationBin[] {
    return Array.from(this.#counts, (count, bin): CalibrationBin => ({
      from: STARTS[bin],
      to: STARTS[Math.min(bin + 1, BINS)],
      confidence: this.#confidence[bin] / count,
      accuracy: this.#right[bin] / count,
      count,
    })).filter(({ count }) => count > 0);
  }
}

/** Index of the bin of a confidence, as `torch.bucketize(right=True)` finds it; 0 for NaN. */
function binOf(confidence: number): number {
  let bin = Math.min(Math.max(Math.floor(confidence * BINS), 0), BINS) || 0;
  if (confidence < STARTS[bin] && bin > 0) bin--;
  else if (bin < BINS && confidence >= STARTS[bin + 1]) bin++;
  return bin;
}
