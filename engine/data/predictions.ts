/**
 * What a model says of the samples of a split, and what is true of them.
 * @module
 */
import type { Labels } from "./data.ts";

/**
 * Predictions of a split, sample by sample.
 * @category Prediction
 */
export interface Predictions {
  /** What is predicted. */
  readonly task: "Classification" | "Regression";
  /** How targets are encoded. */
  readonly subtask: "multiclass" | "multilabel" | "regression";
  /** Number of classes, or of predicted values. */
  readonly numClasses: number;
  /** Names of the classes, or of the predicted values, by index, where they are known. */
  readonly classNames?: readonly string[];
  /** Names of the samples; their indices where they have none. */
  readonly ids: readonly string[];
  /** Patients of the samples, where they are known. */
  readonly patients?: readonly string[];
  /** Targets of all samples; absent where nobody knows them. */
  readonly labels?: Labels;
  /** `[samples, num_classes]`, row-major: probabilities, or predicted values. */
  readonly scores: Float32Array;
  /** Standard deviation of the scores over the models of an ensemble, in the same layout. */
  readonly spread?: Float32Array;
}
