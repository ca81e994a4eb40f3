/**
 * What inference tells while it works.
 * @module
 */

/**
 * A model is loaded and begins to predict.
 * @category Prediction
 */
export interface InferModel {
  /** Discriminant. */
  readonly type: "model";
  /** Its checkpoint. */
  readonly checkpoint: string;
  /** Its number, counted from 1. */
  readonly number: number;
  /** Models in all. */
  readonly models: number;
}

/**
 * Some samples are predicted.
 * @category Prediction
 */
export interface InferProgress {
  /** Discriminant. */
  readonly type: "progress";
  /** Split that is predicted. */
  readonly split: string;
  /** Samples of it that are done. */
  readonly done: number;
  /** Samples of it in all. */
  readonly samples: number;
}

/**
 * A line for the user.
 * @category Prediction
 */
export interface InferNotice {
  /** Discriminant. */
  readonly type: "notice";
  /** The line. */
  readonly message: string;
}

/**
 * Something that happened in inference.
 * @category Prediction
 */
export type InferEvent = InferModel | InferProgress | InferNotice;
