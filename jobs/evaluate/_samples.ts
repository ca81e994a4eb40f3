/** Predictions as what metrics take, checked sample by sample. */
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { quote } from "../../registry/errors.ts";
import type { MetricInput } from "../../registry/plugin.ts";

/** Rounding that the mean over an ensemble may add to a probability of 1. */
const ROUNDING = 1e-6;

/**
 * Checks predictions.
 * @param predictions Predictions of a split.
 * @returns Predictions and targets for metrics.
 * @throws {DataError} if there are none, they have no labels, lengths disagree, a score is not a
 *   probability or not a number, or a label is not a class.
 */
export function samplesOf(predictions: Predictions): MetricInput {
  const { task, subtask, numClasses, ids, labels, patients, scores } = predictions;
  const count = ids.length;
  if (count === 0) refuse("there are none");
  if (labels === undefined) refuse("they have no labels");
  const width = subtask === "multiclass" ? 1 : numClasses;
  requireLength("scores", scores.length, count * numClasses);
  requireLength("labels", labels.values.length, count * width);
  if (patients !== undefined) requireLength("patients", patients.length, count);
  requireScores(predictions);
  requireLabels(predictions, labels.values, width);
  const nameless = patients?.findIndex((name) => name === "") ?? -1;
  if (nameless >= 0) refuse(`sample ${quote(ids[nameless])} has no patient`, nameless);
  return { task, subtask, numClasses, count, scores, labels: labels.values };
}

/**
 * Names a class, or a predicted value.
 * @param predictions Predictions of a split.
 * @param c Its index.
 * @returns Its name; the index where it has none.
 */
export function nameOf({ classNames }: Predictions, c: number): string {
  return classNames?.[c] ?? String(c);
}

function requireLength(name: string, length: number, expected: number): void {
  if (length !== expected) refuse(`they have ${length} ${name}, expected ${expected}`);
}

function requireScores(predictions: Predictions): void {
  const { subtask, numClasses, scores, ids } = predictions;
  const highest = subtask === "regression" ? Number.MAX_VALUE : 1 + ROUNDING;
  const at = scores.findIndex((score) => !(score <= highest && score >= -highest));
  const below = subtask === "regression" ? -1 : scores.findIndex((score) => score < 0);
  const wrong = at < 0 || (below >= 0 && below < at) ? below : at;
  if (wrong < 0) return;
  const sample = Math.floor(wrong / numClasses);
  const of = `the score of sample ${quote(ids[sample])} for ${
    quote(nameOf(predictions, wrong % numClasses))
  }`;
  const expected = subtask === "regression" ? "a number" : "a probability from 0 to 1";
  refuse(`${of} is ${scores[wrong]}, expected ${expected}`, sample);
}

function requireLabels(
  { subtask, numClasses, ids }: Predictions,
  labels: Int32Array | Float32Array,
  width: number,
): void {
  const expected = {
    multiclass: `an integer from 0 to ${numClasses - 1}`,
    multilabel: "a number from 0 to 1",
    regression: "a number",
  }[subtask];
  const holds = {
    multiclass: (label: number) => Number.isInteger(label) && label >= 0 && label < numClasses,
    multilabel: (label: number) => label >= 0 && label <= 1,
    regression: Number.isFinite,
  }[subtask];
  for (let at = 0; at < labels.length; at++) {
    if (holds(labels[at])) continue;
    const sample = Math.floor(at / width);
    const of = `the label of sample ${quote(ids[sample])}`;
    refuse(`${of} is ${labels[at]}, expected ${expected}`, sample);
  }
}

function refuse(state: string, index?: number): never {
  throw new DataError(`Cannot evaluate predictions: ${state}`, { index });
}
