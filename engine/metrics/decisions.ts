/**
 * Decisions of a model on all samples, counted class by class, each sample as often as a resample
 * holds it.
 * @module
 */
import type { MetricInput, Subtask } from "../train/interfaces.ts";

/**
 * A label counts as predicted where its probability exceeds this, and as true where its target does:
 * the targets of a multilabel task may lie between 0 and 1. torchmetrics has the same threshold for
 * probabilities, and takes targets of 0 and 1 only.
 *
 * @example What counts of four targets
 * ```ts
 * import { THRESHOLD } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const targets = [0, 0.5, 0.6, 1];
 * assertEquals(targets.map((target) => target > THRESHOLD), [false, false, true, true]);
 * ```
 *
 * @category Metrics
 */
export const THRESHOLD = 0.5;

/**
 * Decisions of one class against the rest.
 * @category Metrics
 */
export interface ClassCounts {
  /** Samples of the class that were predicted as such. */
  readonly tp: number;
  /** Samples of other classes that were predicted as this one. */
  readonly fp: number;
  /** Samples of the class that were missed. */
  readonly fn: number;
  /** Samples of other classes that were not predicted as this one. */
  readonly tn: number;
}

/**
 * Decisions on all samples so far.
 * @category Metrics
 */
export interface Decisions {
  /** How targets are encoded. */
  readonly subtask: Subtask;
  /** Number of samples. */
  readonly count: number;
  /** Decisions by class. */
  readonly classes: readonly ClassCounts[];
}

/**
 * What was predicted of each sample, and what is true: classes `[count]` (multiclass), or zeros and
 * ones `[count, numClasses]` (multilabel).
 * @category Metrics
 */
export interface Decided {
  /** How targets are encoded. */
  readonly subtask: Subtask;
  /** Number of samples. */
  readonly count: number;
  /** Number of classes. */
  readonly numClasses: number;
  /** What was predicted. */
  readonly predicted: Int32Array;
  /** What is true. */
  readonly actual: Int32Array;
}

/**
 * Finds the highest of some scores.
 * @param scores All scores.
 * @param start Where those in question begin.
 * @param length How many they are.
 * @returns Index from `start`, the first among equals; that of the first NaN, as `torch.argmax` does.
 *
 * @example The second sample's class
 * ```ts
 * import { argmax } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(argmax(Float32Array.of(0.9, 0.1, 0.3, 0.7), 2, 2), 1);
 * ```
 *
 * @category Metrics
 */
export function argmax(scores: Float32Array, start: number, length: number): number {
  let best = 0;
  let highest = -Infinity;
  for (let c = 0; c < length; c++) {
    const score = scores[start + c];
    if (Number.isNaN(score)) return c; // torch ranks NaN highest
    if (score > highest) [best, highest] = [c, score];
  }
  return best;
}

/**
 * Decides for the highest score (multiclass), or for every label whose probability exceeds 0.5.
 * @param samples Predictions and targets of a classification.
 * @returns What was predicted, and what is true.
 *
 * @example Two samples of class 1, one of them missed
 * ```ts
 * import { decide } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.1, 0.9, 0.8, 0.2);
 * const labels = Int32Array.of(1, 1);
 * assertEquals(decide({ ...task, count: 2, scores, labels }).predicted, Int32Array.of(1, 0));
 * ```
 *
 * @category Metrics
 */
export function decide(samples: MetricInput): Decided {
  const { subtask, count, numClasses, scores, labels } = samples;
  const isAbove = (value: number) => value > THRESHOLD ? 1 : 0;
  if (subtask === "multilabel") {
    const [predicted, actual] = [
      Int32Array.from(scores, isAbove),
      Int32Array.from(labels, isAbove),
    ];
    return { subtask, count, numClasses, predicted, actual };
  }
  const predicted = new Int32Array(count);
  for (let i = 0; i < count; i++) predicted[i] = argmax(scores, i * numClasses, numClasses);
  return { subtask, count, numClasses, predicted, actual: Int32Array.from(labels) };
}

/**
 * Counts decisions class by class.
 * @param decided What was predicted, and what is true.
 * @param counts How often each sample occurs; once each where not given.
 * @returns The decisions on the resample.
 *
 * @example The first sample twice, the second one never
 * ```ts
 * import { countDecisions } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const decided = {
 *   subtask: "multiclass",
 *   count: 2,
 *   numClasses: 2,
 *   predicted: Int32Array.of(1, 0),
 *   actual: Int32Array.of(1, 1),
 * } as const;
 * const { classes } = countDecisions(decided, Int32Array.of(2, 0));
 * assertEquals(classes[1], { tp: 2, fp: 0, fn: 0, tn: 0 });
 * ```
 *
 * @category Metrics
 */
export function countDecisions(decided: Decided, counts?: Int32Array): Decisions {
  const { subtask } = decided;
  const weights = counts ?? new Int32Array(decided.count).fill(1);
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  const classes = subtask === "multilabel"
    ? countLabels(decided, weights)
    : countClasses(decided, weights, count);
  return { subtask, count, classes };
}

/**
 * Counts which classes were taken for which.
 * @param decided What was predicted, and what is true, of a multiclass task.
 * @param counts How often each sample occurs; once each where not given.
 * @returns `[numClasses, numClasses]` row-major: a row per true class, a column per predicted one.
 *
 * @example A sample of class 1 is taken for class 0
 * ```ts
 * import { confusionMatrix } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const decided = {
 *   subtask: "multiclass",
 *   count: 2,
 *   numClasses: 2,
 *   predicted: Int32Array.of(1, 0),
 *   actual: Int32Array.of(1, 1),
 * } as const;
 * assertEquals([...confusionMatrix(decided)], [0, 0, 1, 1]);
 * ```
 *
 * @category Metrics
 */
export function confusionMatrix(decided: Decided, counts?: Int32Array): Float64Array {
  const { count, numClasses, predicted, actual } = decided;
  const matrix = new Float64Array(numClasses * numClasses);
  for (let i = 0; i < count; i++) {
    matrix[actual[i] * numClasses + predicted[i]] += counts === undefined ? 1 : counts[i];
  }
  return matrix;
}

function countClasses(
  { numClasses, predicted, actual }: Decided,
  weights: Int32Array,
  count: number,
): ClassCounts[] {
  const [hits, decisions, targets] = Array.from({ length: 3 }, () => new Float64Array(numClasses));
  for (let i = 0; i < weights.length; i++) {
    decisions[predicted[i]] += weights[i];
    targets[actual[i]] += weights[i];
    if (predicted[i] === actual[i]) hits[actual[i]] += weights[i];
  }
  return Array.from(hits, (tp, c): ClassCounts => {
    const [fp, fn] = [decisions[c] - tp, targets[c] - tp];
    return { tp, fp, fn, tn: count - tp - fp - fn };
  });
}

function countLabels(
  { numClasses, predicted, actual }: Decided,
  weights: Int32Array,
): ClassCounts[] {
  const tallies = new Float64Array(4 * numClasses); // of each label: tn, fn, fp, tp
  for (let i = 0, at = 0; i < weights.length; i++) {
    const weight = weights[i];
    for (let c = 0; c < 4 * numClasses; c += 4, at++) {
      tallies[c + 2 * predicted[at] + actual[at]] += weight;
    }
  }
  return Array.from({ length: numClasses }, (_, c): ClassCounts => {
    const [tn, fn, fp, tp] = tallies.subarray(4 * c, 4 * c + 4);
    return { tp, fp, fn, tn };
  });
}
