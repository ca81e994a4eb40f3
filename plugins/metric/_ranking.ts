/**
 * How the scores of a class rank its samples against all others: the ground of AUROC and AP.
 *
 * A ROC or precision-recall curve needs the number of negatives above each positive only, so the
 * positives of a class are sorted and each negative is placed among them by binary search. With P
 * positives of N samples that is O(N log P) a class instead of O(N log N), and scores are read in
 * memory order.
 * @module
 */
import { type RankedClass, rankSamples } from "../../engine/metrics/ranked_classes.ts";
import type { MetricAccumulator, MetricInput, Resampler, TaskInfo } from "../../registry/plugin.ts";
import { type SampleChunk, SampleStore } from "./_samples.ts";

/**
 * How the samples of one class rank against all others.
 * @category Metrics
 */
export interface ClassRanking {
  /** Scores of the class's samples, ascending. */
  readonly positives: Float32Array;
  /** Number of other samples. */
  readonly negatives: number;
  /** For each entry of `positives`: number of other samples with a higher score. */
  readonly above: Float64Array;
  /** For each entry of `positives`: number of other samples with the same score or a higher one. */
  readonly atLeast: Float64Array;
}

/**
 * Ranks every class against the rest.
 * @param store Predictions and targets of all samples, which are left as they are.
 * @returns One ranking a class; none at all without samples or if a score is NaN, as then there is
 * no order.
 *
 * @example One negative scores higher than one of two positives
 * ```ts
 * import { rankClasses, SampleStore } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;
 * const store = new SampleStore("ap", task);
 * const scores = Float32Array.of(0.9, 0.7, 0.6);
 * store.update({ ...task, count: 3, scores, labels: Int32Array.of(1, 0, 1) });
 * const [{ negatives, above }] = rankClasses(store);
 * assertEquals([negatives, ...above], [1, 1, 0]);
 * ```
 *
 * @category Metrics
 */
export function rankClasses(store: SampleStore): ClassRanking[] {
  const { count, task: { subtask, numClasses } } = store;
  const chunks = store.chunks();
  if (count === 0 || chunks.some(({ scores }) => scores.some(Number.isNaN))) return [];
  const rankings = collectPositives(store, chunks).map((positives): ClassRanking => ({
    positives: positives.sort(),
    negatives: count - positives.length,
    above: new Float64Array(positives.length),
    atLeast: new Float64Array(positives.length),
  }));
  for (const { count, scores, labels } of chunks) {
    for (let i = 0, at = 0; i < count; i++) {
      for (let c = 0; c < numClasses; c++, at++) {
        const positive = subtask === "multiclass" ? labels[i] === c : labels[at] === 1;
        if (!positive) place(rankings[c], scores[at]);
      }
    }
  }
  for (const { above, atLeast } of rankings) {
    sumFromEnd(above);
    sumFromEnd(atLeast);
  }
  return rankings;
}

/**
 * Makes the accumulator of a metric that is computed from {@linkcode rankClasses}.
 * @param key Key of the metric, for messages.
 * @param task What the run predicts.
 * @param score Computes the metric's values.
 * @returns The accumulator.
 *
 * @example Number of negatives above the highest positive
 * ```ts
 * import { accumulateRankings } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;
 * const accumulator = accumulateRankings("first_hit", task, ([{ above }]) => ({
 *   FirstHit: above[above.length - 1],
 * }));
 * const scores = Float32Array.of(0.9, 0.7, 0.6);
 * accumulator.update({ ...task, count: 3, scores, labels: Int32Array.of(0, 1, 0) });
 * assertEquals(accumulator.compute(), { FirstHit: 1 });
 * ```
 *
 * @category Metrics
 */
export function accumulateRankings(
  key: string,
  task: TaskInfo,
  score: (rankings: readonly ClassRanking[]) => Readonly<Record<string, number>>,
): MetricAccumulator {
  const store = new SampleStore(key, task);
  return {
    update: (batch) => store.update(batch),
    compute: () => score(rankClasses(store)),
  };
}

/**
 * Makes the {@linkcode Resampler} of a metric that is computed from samples by score.
 * @param samples Predictions and targets of all samples.
 * @param score Computes the metric's values from the ranked classes and how often samples occur.
 * @returns The metric of any resample.
 *
 * @example AUROC of a label, the negative above the positive left out
 * ```ts
 * import { areaUnderRoc, resampleRankings } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;
 * const scores = Float32Array.of(0.9, 0.7, 0.6);
 * const samples = { ...task, count: 3, scores, labels: Int32Array.of(0, 1, 0) };
 * const resample = resampleRankings(samples, ([label], counts) => ({
 *   AUROC: areaUnderRoc(label, counts),
 * }));
 * assertEquals(resample(Int32Array.of(0, 1, 2)), { AUROC: 1 });
 * ```
 *
 * @category Metrics
 */
export function resampleRankings(
  samples: MetricInput,
  score: (
    ranked: readonly RankedClass[],
    counts: Int32Array,
  ) => Readonly<Record<string, number>>,
): Resampler {
  const ranked = samples.scores.some(Number.isNaN) ? [] : rankSamples(samples);
  return (counts) => score(ranked, counts);
}

/**
 * Unweighted mean over the classes for which a score is defined.
 * @param scores Score by class, NaN where undefined.
 * @returns The mean; NaN if no class has a score.
 *
 * @example A class without positives has no AUROC
 * ```ts
 * import { meanOfDefined } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meanOfDefined([0.5, NaN, 1]), 0.75);
 * ```
 *
 * @category Metrics
 */
export function meanOfDefined(scores: readonly number[]): number {
  const defined = scores.filter((score) => !Number.isNaN(score));
  return defined.reduce((sum, score) => sum + score, 0) / defined.length;
}

/** Scores of the samples of every class, in order of the samples. */
function collectPositives({ task }: SampleStore, chunks: readonly SampleChunk[]): Float32Array[] {
  const sizes = new Float64Array(task.numClasses);
  for (const chunk of chunks) forEachPositive(task, chunk, (c) => sizes[c]++);
  const positives = Array.from(sizes, (size) => new Float32Array(size));
  const filled = new Float64Array(task.numClasses);
  for (const chunk of chunks) {
    forEachPositive(task, chunk, (c, at) => positives[c][filled[c]++] = chunk.scores[at]);
  }
  return positives;
}

/** Calls back with the class and the place of its score for each target of a sample. */
function forEachPositive(
  { subtask, numClasses }: TaskInfo,
  { labels }: SampleChunk,
  visit: (c: number, at: number) => void,
): void {
  for (let i = 0; i < labels.length; i++) {
    if (subtask === "multiclass") visit(labels[i], i * numClasses + labels[i]);
    else if (labels[i] === 1) visit(i % numClasses, i);
  }
}

/** Marks the highest positive that a negative exceeds, and the highest that it reaches. */
function place({ positives, above, atLeast }: ClassRanking, score: number): void {
  if (!(score >= positives[0])) return; // the common case with many classes; also no positives
  const below = search(positives, score, 0, false);
  const reached = positives[below] === score ? search(positives, score, below, true) : below;
  if (below > 0) above[below - 1]++;
  atLeast[reached - 1]++;
}

/** Number of `values` (ascending) lower than `score`, or with `inclusive` at most `score`. */
function search(values: Float32Array, score: number, low: number, inclusive: boolean): number {
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < score || (inclusive && values[middle] === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Replaces each entry by the sum of itself and all entries after it. */
function sumFromEnd(marks: Float64Array): void {
  for (let i = marks.length - 2; i >= 0; i--) marks[i] += marks[i + 1];
}
