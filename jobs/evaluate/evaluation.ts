/**
 * What an evaluation says: plain data that JSON keeps. `null` stands for a number that is not
 * defined.
 * @module
 */
import type { CalibrationBin } from "../../engine/metrics/calibration.ts";

/**
 * A number with its bootstrap interval.
 * @category Evaluation
 */
export interface Estimate {
  /** The number on all samples. */
  readonly value: number | null;
  /** Lower end of the interval; `null` where fewer than two patients or samples could be drawn. */
  readonly low: number | null;
  /** Upper end of the interval. */
  readonly high: number | null;
  /** Resamples in which the number is not defined and which the interval leaves out. */
  readonly undefined: number;
}

/**
 * How resamples were drawn.
 * @category Evaluation
 */
export interface Bootstrap {
  /** What was drawn: patients with all of their samples, or samples. */
  readonly unit: "patients" | "samples";
  /** How many there are. */
  readonly units: number;
  /** Number of resamples. */
  readonly resamples: number;
  /** Seed of the draws. */
  readonly seed: number;
  /** Share of the resamples within an interval, for example 0.95. */
  readonly level: number;
}

/**
 * What all evaluations have.
 * @category Evaluation
 */
export interface EvaluationBase {
  /** How many predictions there are, of how many patients where they are known. */
  readonly n: { readonly samples: number; readonly patients?: number };
  /** How resamples were drawn. */
  readonly bootstrap: Bootstrap;
  /** Metrics by logged name, for example `Accuracy`. */
  readonly metrics: Readonly<Record<string, Estimate>>;
}

/**
 * Numbers of one class against the rest. Where nothing was predicted as the class, its precision is
 * not defined; where it has no samples, its recall is not.
 * @category Evaluation
 */
export interface ClassEvaluation {
  /** Name of the class; its index where it has none. */
  readonly name: string;
  /** Samples of the class. */
  readonly support: number;
  /** Share of the predictions that are right. */
  readonly precision: Estimate;
  /** Share of the samples that are found. */
  readonly recall: Estimate;
  /** Harmonic mean of precision and recall. */
  readonly f1: Estimate;
  /** Area under the ROC curve. */
  readonly auroc: Estimate;
}

/**
 * How far confidence is from accuracy.
 * @category Evaluation
 */
export interface CalibrationEvaluation {
  /** Expected calibration error over 15 bins of equal width. */
  readonly ece: number;
  /** Mean squared error of probabilities. */
  readonly brier: number;
  /** Bins that hold predictions, by ascending confidence. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * A curve of 200 points at most.
 * @category Evaluation
 */
export interface Curve {
  /** Name of the class, or `macro` for the mean over classes. */
  readonly name: string;
  /** False positive rates (ROC), or recalls, ascending. */
  readonly x: readonly number[];
  /** True positive rates (ROC), or precisions. */
  readonly y: readonly number[];
  /** Area under all points of the curve: AUROC, or average precision. */
  readonly area: number;
}

/**
 * Curves of one kind.
 * @category Evaluation
 */
export interface Curves {
  /** Curves of those classes that have one: ROC needs positives and negatives, the other positives. */
  readonly classes: readonly Curve[];
  /** Mean over these classes, at equal steps of x; absent where no class has a curve. */
  readonly macro?: Curve;
}

/**
 * What evaluations of classes and of labels have.
 * @category Evaluation
 */
export interface ClassificationEvaluation extends EvaluationBase {
  /** Numbers by class, in the order of their indices. */
  readonly per_class: readonly ClassEvaluation[];
  /** ROC and precision-recall curves. */
  readonly curves: { readonly roc: Curves; readonly pr: Curves };
}

/**
 * Evaluation of predictions of one class per sample.
 * @category Evaluation
 */
export interface MulticlassEvaluation extends ClassificationEvaluation {
  /** How targets are encoded. */
  readonly subtask: "multiclass";
  /** Samples by class, a row per true class, a column per predicted one. */
  readonly confusion: readonly (readonly number[])[];
  /** Calibration of the highest probability. */
  readonly calibration: CalibrationEvaluation;
}

/**
 * Evaluation of predictions of several labels per sample.
 * @category Evaluation
 */
export interface MultilabelEvaluation extends ClassificationEvaluation {
  /** How targets are encoded. */
  readonly subtask: "multilabel";
  /** Samples of each label: `[[tn, fp], [fn, tp]]`. */
  readonly confusion: readonly (readonly (readonly number[])[])[];
  /** Calibration of each label's probability. */
  readonly calibration: readonly (CalibrationEvaluation & { readonly name: string })[];
}

/**
 * Prediction minus target, of one predicted value.
 * @category Evaluation
 */
export interface ResidualFacts {
  /** Name of the predicted value; its index where it has none. */
  readonly name: string;
  /** Mean. */
  readonly mean: number;
  /** Standard deviation, with n - 1; `null` for a single sample. */
  readonly sd: number | null;
  /** Quantiles at 0, 0.05, 0.25, 0.5, 0.75, 0.95 and 1. */
  readonly quantiles: readonly number[];
  /** Histogram: `edges` of bins of equal width, and how many are in each. */
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** Mean absolute error by fifths of the targets, lowest first; fewer where targets are equal. */
  readonly mae_by_target: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    readonly mae: number;
  }[];
}

/**
 * Evaluation of predicted values.
 * @category Evaluation
 */
export interface RegressionEvaluation extends EvaluationBase {
  /** How targets are encoded. */
  readonly subtask: "regression";
  /** Residuals of each predicted value. */
  readonly residuals: readonly ResidualFacts[];
}

/**
 * What an evaluation says.
 * @category Evaluation
 */
export type Evaluation = MulticlassEvaluation | MultilabelEvaluation | RegressionEvaluation;

/**
 * A metric over the folds of a cross-validation.
 * @category Evaluation
 */
export interface FoldEstimate {
  /** Value of each fold. */
  readonly values: readonly (number | null)[];
  /** Mean over the folds where it is defined. */
  readonly mean: number | null;
  /** Standard deviation over these folds, with n - 1. */
  readonly sd: number | null;
  /** Value of the predictions of all folds together. */
  readonly pooled: Estimate;
}

/**
 * Evaluation of a cross-validation.
 * @category Evaluation
 */
export interface FoldsEvaluation {
  /** Number of folds. */
  readonly folds: number;
  /** Metrics by logged name. */
  readonly metrics: Readonly<Record<string, FoldEstimate>>;
  /** Evaluation of the predictions of all folds together. */
  readonly pooled: Evaluation;
}
