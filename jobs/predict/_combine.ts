/**
 * Predictions of several splits and models, put together.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import type { FoundModel } from "./find_models.ts";
import type { ModelPrecision } from "./model_device.ts";
import type { InferPart } from "./infer_data.ts";

/** Predictions of one model. */
export interface ModelPredictions {
  readonly predictions: Predictions;
  /** The samples, so that models can be compared: their names, or split and index of each. */
  readonly samples: readonly string[];
  /** The split, or `all`. */
  readonly split: string;
  /** Samples of each split that was predicted, one after the other. */
  readonly segments: readonly number[];
  /** How precisely they were computed. */
  readonly precision: ModelPrecision;
  /** What the data of each split is, for parts. */
  readonly data?: readonly string[];
}

/**
 * Puts the splits of one model together, one after the other.
 * @param done Predictions of each.
 * @param parts The splits.
 */
export function joined(done: readonly Predictions[], parts: readonly InferPart[]): Predictions {
  if (done.length === 1) return done[0];
  const splits = done.flatMap(({ ids }, at) => ids.map(() => parts[at].name));
  return { ...concatenated(done), splits };
}

/**
 * Puts predictions of several sets of samples together.
 * @param all The sets.
 */
export function concatenated(all: readonly Predictions[]): Predictions {
  const [first] = all;
  const each = <T>(get: (one: Predictions) => readonly T[] | undefined): T[] | undefined =>
    all.every((one) => get(one) !== undefined) ? all.flatMap((one) => get(one)!) : undefined;
  const labels = each(({ labels }) => labels && Array.from(labels.values));
  const Values = first.subtask === "multiclass" ? Int32Array : Float32Array;
  return {
    ...first,
    ids: all.flatMap(({ ids }) => ids),
    patients: each(({ patients }) => patients),
    splits: each(({ splits }) => splits),
    labels: labels && { values: Values.from(labels), width: first.labels!.width },
    scores: Float32Array.from(all.flatMap(({ scores }) => Array.from(scores))),
    ...(first.spread && {
      spread: Float32Array.from(all.flatMap(({ spread }) => Array.from(spread!))),
    }),
  };
}

/** What several models say together. */
export interface Combined {
  /** The predictions. */
  readonly predictions: Predictions;
  /** Samples of each set that was predicted. */
  readonly segments: readonly number[];
  /** The split, or `all`. */
  readonly split: string;
  /** A line for the user. */
  readonly notice?: string;
}

/**
 * Averages models that predict the same samples; lists those of models that predict others.
 * @param all What each model says.
 * @param models The models.
 * @throws {DataError} if their samples overlap and differ.
 */
export function combine(
  all: readonly ModelPredictions[],
  models: readonly FoundModel[],
): Combined {
  const [first] = all;
  const { split, segments } = first;
  if (all.length === 1) return { predictions: first.predictions, segments, split };
  const lists = all.map(({ samples }) => samples.join("\n"));
  if (lists.every((list) => list === lists[0])) {
    return { predictions: averaged(all.map(({ predictions }) => predictions)), segments, split };
  }
  const samples = all.flatMap(({ samples }) => samples);
  if (new Set(samples).size === samples.length) {
    const notice =
      `each of the ${all.length} folds predicts a ${split} split of its own: nothing is averaged`;
    const predictions = concatenated(all.map(({ predictions }) => predictions));
    return { predictions, segments: all.flatMap(({ segments }) => segments), split, notice };
  }
  const folds = models.map(({ directory }) => directory.fold ?? directory.path).join(", ");
  throw new DataError(
    `Cannot ensemble folds ${folds}: their ${split} splits overlap and differ; choose one with --fold`,
  );
}

/** Mean and standard deviation over models. */
function averaged(all: readonly Predictions[]): Predictions {
  const [first] = all;
  const mean = first.scores.map((_, at) =>
    all.reduce((sum, { scores }) => sum + scores[at], 0) / all.length
  );
  const spread = mean.map((middle, at) =>
    Math.sqrt(
      all.reduce((sum, { scores }) => sum + (scores[at] - middle) ** 2, 0) / (all.length - 1),
    )
  );
  return { ...first, scores: mean, spread };
}
