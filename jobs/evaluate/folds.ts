/**
 * Evaluates the predictions of a cross-validation: each fold's, and all of them together.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { registry } from "../../registry/registry.ts";
import { measureMetrics } from "./_metrics.ts";
import { finite, meanAndDeviation } from "./_numbers.ts";
import { samplesOf } from "./_samples.ts";
import { type EvaluateOptions, evaluatePredictions, evaluateUnits } from "./evaluate.ts";
import type { Evaluation, FoldEstimate, FoldsEvaluation } from "./evaluation.ts";
import { unitsOf } from "./resamples.ts";

/**
 * Evaluates folds: per metric the mean and the standard deviation over folds, and the value of all
 * predictions together with its bootstrap interval. Folds that predict the same samples (equal ids
 * and labels, as of one test split) do not make these samples more: the bootstrap then draws each
 * sample with its predictions of all folds.
 *
 * @param folds Predictions of each fold, with labels.
 * @param options What is computed, and how.
 * @returns Plain data, fit for JSON.
 * @throws {DataError} if there are no folds, if they do not predict the same, or as
 *   {@linkcode evaluatePredictions} does.
 *
 * @example Two folds of two samples
 * ```ts
 * import { evaluateFolds } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const fold = (ids: string[], scores: Float32Array) => ({
 *   task: "Classification" as const,
 *   subtask: "multiclass" as const,
 *   numClasses: 2,
 *   ids,
 *   labels: { values: Int32Array.of(0, 1), width: 1 },
 *   scores,
 * });
 * const right = fold(["a", "b"], Float32Array.of(0.9, 0.1, 0.2, 0.8));
 * const half = fold(["c", "d"], Float32Array.of(0.9, 0.1, 0.7, 0.3));
 * const { metrics } = evaluateFolds([right, half], { metrics: ["acc"] });
 * assertEquals(metrics.Accuracy.values, [1, 0.5]);
 * assertEquals([metrics.Accuracy.mean, metrics.Accuracy.pooled.value], [0.75, 0.75]);
 * ```
 *
 * @category Evaluation
 */
export function evaluateFolds(
  folds: readonly Predictions[],
  options: EvaluateOptions = {},
): FoldsEvaluation {
  const pooled = evaluatePool(folds, options);
  const values = folds.map((fold) =>
    measureMetrics(options.metrics, samplesOf(fold), options.registry ?? registry).values
  );
  const metrics = Object.entries(pooled.metrics).map(([name, estimate]): [string, FoldEstimate] => {
    const ofFolds = values.map((each) => finite(each[name]));
    const { mean, sd } = meanAndDeviation(ofFolds.filter((value) => value !== null));
    return [name, { values: ofFolds, mean: finite(mean), sd: finite(sd), pooled: estimate }];
  });
  return { folds: folds.length, metrics: Object.fromEntries(metrics), pooled };
}

function evaluatePool(folds: readonly Predictions[], options: EvaluateOptions): Evaluation {
  const pool = pooled(folds);
  const single = folds.length === 1 || pool.labels === undefined;
  if (single || pool.patients !== undefined || !isSameSplit(folds)) {
    return evaluatePredictions(pool, options);
  }
  return evaluateUnits(pool, samplesOf(pool), unitsOf("samples", pool.ids), options);
}

/** All predictions together, fold by fold. */
function pooled(folds: readonly Predictions[]): Predictions {
  const [first] = folds;
  if (first === undefined) throw new DataError("Cannot evaluate folds: there are none");
  const facts = ({ subtask, numClasses, classNames, patients, labels }: Predictions) =>
    JSON.stringify([subtask, numClasses, classNames ?? [], Boolean(patients), Boolean(labels)]);
  const other = folds.findIndex((fold) => facts(fold) !== facts(first));
  if (other >= 0) {
    throw new DataError(
      `Cannot evaluate folds: fold ${other} does not predict what fold 0 does, ` +
        "or only one of them knows classes, patients or labels by name",
    );
  }
  const { task, subtask, numClasses, classNames } = first;
  return {
    task,
    subtask,
    numClasses,
    classNames,
    ids: folds.flatMap(({ ids }) => ids),
    patients: first.patients && folds.flatMap(({ patients = [] }) => patients),
    labels: first.labels && joinLabels(folds),
    scores: joinFloats(folds.map(({ scores }) => scores)),
  };
}

function joinLabels(folds: readonly Predictions[]): Predictions["labels"] {
  const labels = folds.flatMap(({ labels }) => labels === undefined ? [] : [labels]);
  const [{ values, width }] = labels;
  const all = labels.flatMap((each) => [...each.values]);
  return {
    width,
    values: values instanceof Int32Array ? Int32Array.from(all) : Float32Array.from(all),
  };
}

function joinFloats(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether all folds predict the same samples. */
function isSameSplit([first, ...others]: readonly Predictions[]): boolean {
  return others.every(({ ids, labels }) =>
    ids.length === first.ids.length && ids.every((id, i) => id === first.ids[i]) &&
    labels!.values.every((label, i) => label === first.labels!.values[i])
  );
}
