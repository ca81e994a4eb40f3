/**
 * What a model says of the samples of a split, and what is true of them.
 * @module
 */
import type { Batch, Labels, Split } from "./data.ts";

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
  /** Splits of the samples, where there are several. */
  readonly splits?: readonly string[];
  /** Targets of all samples; absent where nobody knows them. */
  readonly labels?: Labels;
  /** `[samples, num_classes]`, row-major: probabilities, or predicted values. */
  readonly scores: Float32Array;
  /** Standard deviation of the scores over the models of an ensemble, in the same layout. */
  readonly spread?: Float32Array;
}

/** What is predicted, and what its values are called. */
export type PredictionTask = Pick<Predictions, "task" | "subtask" | "numClasses" | "classNames">;

/** Puts the predictions of batches together, in the order of the split. */
export class PredictionCollector {
  readonly #scores = new Map<number, Float32Array>();

  /**
   * Takes in a batch.
   * @param batch The batch.
   * @param scores `[batch.size, num_classes]`, row-major; not kept.
   *
   * @example Two batches in another order
   * ```ts
   * import { assertEquals } from "@std/assert";
   *
   * const collector = new PredictionCollector();
   * for (const index of [1, 0]) {
   *   collector.update({ indices: Int32Array.of(index), size: 1 }, Float32Array.of(index, 7));
   * }
   * const labels = { values: Int32Array.of(0, 1), width: 1 };
   * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
   * const { ids, scores } = collector.predictions({ labels, ids: ["a", "b"] }, task);
   * assertEquals([ids, [...scores]], [["a", "b"], [0, 7, 1, 7]]);
   * ```
   */
  update({ indices, size }: Pick<Batch, "indices" | "size">, scores: Float32Array): void {
    const width = scores.length / size;
    for (let at = 0; at < size; at++) {
      this.#scores.set(indices[at], scores.slice(at * width, (at + 1) * width));
    }
  }

  /**
   * Gives the predictions.
   * @param split The split that they are of; samples without a prediction are left out.
   * @param task What is predicted.
   */
  predictions(
    { labels, ids, patients, unlabelled }: Pick<
      Split,
      "labels" | "ids" | "patients" | "unlabelled"
    >,
    task: PredictionTask,
  ): Predictions {
    const indices = [...this.#scores.keys()].sort((a, b) => a - b);
    const scores = new Float32Array(indices.length * task.numClasses);
    indices.forEach((index, at) => scores.set(this.#scores.get(index)!, at * task.numClasses));
    return {
      ...task,
      ids: indices.map((index) => ids?.[index] ?? String(index)),
      ...(patients && { patients: indices.map((index) => patients[index]) }),
      ...(!unlabelled && { labels: labelsAt(labels, indices) }),
      scores,
    };
  }
}

function labelsAt({ values, width }: Labels, indices: readonly number[]): Labels {
  const picked = values.slice(0, indices.length * width);
  indices.forEach((index, at) => {
    picked.set(values.subarray(index * width, (index + 1) * width), at * width);
  });
  return { values: picked, width };
}
