/** Numbers by class, confusion and calibration. */
import type { Predictions } from "../../engine/data/predictions.ts";
import { brierLoss } from "../../engine/metrics/brier.ts";
import { Calibration, type Confidences, confidencesOf } from "../../engine/metrics/calibration.ts";
import {
  confusionMatrix,
  countDecisions,
  type Decided,
  type Decisions,
} from "../../engine/metrics/decisions.ts";
import { areaUnderRoc, type RankedClass } from "../../engine/metrics/ranked_classes.ts";
import type { MetricInput } from "../../registry/plugin.ts";
import type { Measure } from "./_bootstrap.ts";
import type { CalibrationEvaluation, ClassEvaluation, Estimate } from "./evaluation.ts";
import { nameOf } from "./_samples.ts";

/** Numbers of a class that have intervals. */
const NUMBERS = ["precision", "recall", "f1", "auroc"] as const;

type ClassNumbers = Readonly<Record<typeof NUMBERS[number], number>>;

/**
 * Prepares the numbers of all classes.
 * @param decided What was predicted, and what is true.
 * @param ranked Samples by the score of each class.
 * @returns Numbers under the names of {@linkcode describeClasses}.
 */
export function measureClasses(decided: Decided, ranked: readonly RankedClass[]): Measure {
  const names = ranked.map((_, c) => NUMBERS.map((number) => keyOf(c, number)));
  const resample = (counts: Int32Array) => {
    const values: Record<string, number> = {};
    for (const [c, numbers] of numbersOf(countDecisions(decided, counts), ranked, counts)) {
      for (let k = 0; k < NUMBERS.length; k++) values[names[c][k]] = numbers[NUMBERS[k]];
    }
    return values;
  };
  return { values: resample(new Int32Array(decided.count).fill(1)), resample };
}

/**
 * Sorts the estimates of {@linkcode measureClasses} by class.
 * @param predictions Predictions of a split.
 * @param decisions Decisions on all samples.
 * @param estimates The estimates.
 */
export function describeClasses(
  predictions: Predictions,
  { classes }: Decisions,
  estimates: Readonly<Record<string, Estimate>>,
): ClassEvaluation[] {
  return classes.map(({ tp, fn }, c) => ({
    name: nameOf(predictions, c),
    support: tp + fn,
    precision: estimates[keyOf(c, "precision")],
    recall: estimates[keyOf(c, "recall")],
    f1: estimates[keyOf(c, "f1")],
    auroc: estimates[keyOf(c, "auroc")],
  }));
}

/**
 * Counts which classes were taken for which.
 * @param decided What was predicted, and what is true, of a multiclass task.
 * @returns A row per true class, a column per predicted one.
 */
export function confusionRows(decided: Decided): number[][] {
  const { numClasses } = decided;
  const matrix = confusionMatrix(decided);
  return Array.from(
    { length: numClasses },
    (_, c) => [...matrix.subarray(c * numClasses, (c + 1) * numClasses)],
  );
}

/**
 * Describes the calibration of the highest probability.
 * @param samples Predictions and targets of a multiclass task.
 */
export function calibrationOfClasses(samples: MetricInput): CalibrationEvaluation {
  const [confidences] = confidencesOf(samples);
  let sum = 0;
  for (let i = 0; i < samples.count; i++) sum += brierLoss(samples, i);
  return describe(confidences, sum / samples.count);
}

/**
 * Describes the calibration of each label's probability.
 * @param samples Predictions and targets of a multilabel task.
 */
export function calibrationOfLabels(samples: MetricInput): CalibrationEvaluation[] {
  return confidencesOf(samples).map((confidences) => {
    const { confidence, right } = confidences;
    const sum = confidence.reduce((sum, score, i) => sum + (score - right[i]) ** 2, 0);
    return describe(confidences, sum / samples.count);
  });
}

function describe(confidences: Confidences, brier: number): CalibrationEvaluation {
  const calibration = new Calibration();
  calibration.add(confidences);
  return { ece: calibration.error(), brier, bins: calibration.bins() };
}

/** Numbers class by class; 0 / 0 is NaN, which is to say not defined. */
function numbersOf(
  { classes }: Decisions,
  ranked: readonly RankedClass[],
  counts: Int32Array,
): [number, ClassNumbers][] {
  return classes.map(({ tp, fp, fn }, c) => [c, {
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    f1: 2 * tp / (2 * tp + fp + fn),
    auroc: areaUnderRoc(ranked[c], counts),
  }]);
}

function keyOf(c: number, number: typeof NUMBERS[number]): string {
  return `${number} ${c}`;
}
