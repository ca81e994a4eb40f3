/**
 * The worst mistakes of a model: those that it was most sure of.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";

/** A wrong decision, or a number that is far off. */
export interface Mistake {
  /** Name of the sample. */
  readonly id: string;
  /** Its patient, where that is known. */
  readonly patient?: string;
  /** Index of the run that predicted it. */
  readonly run: number;
  /** The label that was judged, where there are several per sample; the predicted value. */
  readonly target?: string;
  /** What is true. */
  readonly truth: string | number;
  /** What was predicted. */
  readonly predicted: string | number;
  /** Probability of what was predicted; of regression, prediction minus truth. */
  readonly score: number;
  /** Probability of what is true; absent for regression. */
  readonly truthScore?: number;
}

/** The worst of all mistakes. */
export interface Mistakes {
  /** How many there are. */
  readonly total: number;
  /** The worst ones, worst first. */
  readonly worst: readonly Mistake[];
}

/**
 * Finds the worst mistakes.
 * @param predictions Predictions of a split, run by run; those without labels have no mistakes.
 * @param most How many at most.
 * @returns Wrong decisions by the probability that they were given, highest first; of regression the
 *   largest differences.
 *
 * @example The more certain one comes first
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const { total, worst } = worstMistakes([{
 *   ...task,
 *   ids: ["a", "b", "c"],
 *   labels: { values: Int32Array.of(0, 0, 1), width: 1 },
 *   scores: Float32Array.of(0.25, 0.75, 0.125, 0.875, 0.25, 0.75),
 * }], 20);
 * assertEquals([total, ...worst.map(({ id }) => id)], [2, "b", "a"]);
 * ```
 */
export function worstMistakes(predictions: readonly Predictions[], most: number): Mistakes {
  const all = predictions.flatMap((each, run) =>
    each.labels === undefined ? [] : FIND[each.subtask](each, run)
  );
  const worst = all.sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, most);
  return { total: all.length, worst };
}

type Find = (predictions: Predictions, run: number) => Mistake[];

const FIND: Readonly<Record<Predictions["subtask"], Find>> = {
  multiclass: wrongClasses,
  multilabel: wrongLabels,
  regression: differences,
};

function wrongClasses(predictions: Predictions, run: number): Mistake[] {
  const { ids, labels, scores, numClasses } = predictions;
  return ids.flatMap((id, sample): Mistake[] => {
    const row = scores.subarray(sample * numClasses, (sample + 1) * numClasses);
    const truth = labels!.values[sample];
    const decision = row.reduce((best, score, at) => score > row[best] ? at : best, 0);
    if (decision === truth) return [];
    return [{
      ...sampleOf(predictions, sample, run),
      id,
      truth: nameOf(predictions, truth),
      predicted: nameOf(predictions, decision),
      score: row[decision],
      truthScore: row[truth],
    }];
  });
}

function wrongLabels(predictions: Predictions, run: number): Mistake[] {
  const { ids, labels, scores, numClasses } = predictions;
  return ids.flatMap((id, sample) =>
    Array.from({ length: numClasses }, (_, at) => at).flatMap((at): Mistake[] => {
      const score = scores[sample * numClasses + at];
      const [truth, decision] = [labels!.values[sample * numClasses + at] > 0.5, score > 0.5];
      if (truth === decision) return [];
      const ofDecision = decision ? score : 1 - score;
      return [{
        ...sampleOf(predictions, sample, run),
        id,
        target: nameOf(predictions, at),
        truth: truth ? "yes" : "no",
        predicted: decision ? "yes" : "no",
        score: ofDecision,
        truthScore: 1 - ofDecision,
      }];
    })
  );
}

function differences(predictions: Predictions, run: number): Mistake[] {
  const { ids, labels, scores, numClasses } = predictions;
  return [...scores].map((predicted, at): Mistake => {
    const sample = Math.floor(at / numClasses);
    const truth = labels!.values[at];
    return {
      ...sampleOf(predictions, sample, run),
      id: ids[sample],
      ...(numClasses > 1 && { target: nameOf(predictions, at % numClasses) }),
      truth,
      predicted,
      score: predicted - truth,
    };
  });
}

function sampleOf({ patients }: Predictions, sample: number, run: number) {
  return { run, ...(patients && { patient: patients[sample] }) };
}

function nameOf({ classNames }: Predictions, at: number): string {
  return classNames?.[at] ?? String(at);
}
