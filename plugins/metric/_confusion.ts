/**
 * Right and wrong decisions per class, and averages over classes by torchmetrics' rules: the
 * ground of accuracy, precision, recall and F1.
 * @module
 */
import {
  argmax,
  type ClassCounts,
  countDecisions,
  decide,
  type Decisions,
} from "../../engine/metrics/decisions.ts";
import type { MetricAccumulator, MetricInput, Resampler, TaskInfo } from "../../registry/plugin.ts";
import { assertBatch, THRESHOLD } from "./_metric.ts";

export type { ClassCounts, Decisions } from "../../engine/metrics/decisions.ts";

/**
 * Counts decisions class by class, batch by batch; its size depends on the number of classes only.
 * Multiclass decides for the highest score, the first among equals (as `torch.argmax`); multilabel
 * for every label whose probability exceeds 0.5, and takes those as true whose target does.
 *
 * @example Two samples of class 1, one of them missed
 * ```ts
 * import { DecisionCounter } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const counter = new DecisionCounter("kappa", task);
 * const scores = Float32Array.of(0.1, 0.9, 0.8, 0.2);
 * counter.update({ ...task, count: 2, scores, labels: Int32Array.of(1, 1) });
 * assertEquals(counter.decisions().classes[1], { tp: 1, fp: 0, fn: 1, tn: 0 });
 * ```
 *
 * @category Metrics
 */
export class DecisionCounter {
  readonly #key: string;
  readonly #task: TaskInfo;
  // Whole numbers, exact in float64 up to 2^53 samples.
  readonly #hits: Float64Array;
  readonly #predicted: Float64Array;
  readonly #actual: Float64Array;
  #count = 0;

  /**
   * Makes a counter.
   * @param key Key of the metric, for messages.
   * @param task What the run predicts.
   */
  constructor(key: string, task: TaskInfo) {
    this.#key = key;
    this.#task = task;
    this.#hits = new Float64Array(task.numClasses);
    this.#predicted = new Float64Array(task.numClasses);
    this.#actual = new Float64Array(task.numClasses);
  }

  /**
   * Counts the decisions of a batch.
   * @param batch Predictions and targets; nothing is counted if they are refused.
   * @throws {TypeError | RangeError} if the task, lengths or labels are wrong.
   */
  update(batch: MetricInput): void {
    assertBatch(this.#key, this.#task, batch);
    if (batch.subtask === "multiclass") this.#countClasses(batch);
    else this.#countLabels(batch);
    this.#count += batch.count;
  }

  /**
   * Gives what was counted so far.
   * @returns The decisions on all samples.
   */
  decisions(): Decisions {
    const count = this.#count;
    const classes = Array.from(this.#hits, (tp, c): ClassCounts => {
      const fp = this.#predicted[c] - tp;
      const fn = this.#actual[c] - tp;
      return { tp, fp, fn, tn: count - tp - fp - fn };
    });
    return { subtask: this.#task.subtask, count, classes };
  }

  #countClasses({ count, numClasses, scores, labels }: MetricInput): void {
    for (let i = 0; i < count; i++) {
      const decision = argmax(scores, i * numClasses, numClasses);
      this.#predicted[decision]++;
      this.#actual[labels[i]]++;
      if (decision === labels[i]) this.#hits[decision]++;
    }
  }

  #countLabels({ count, numClasses, scores, labels }: MetricInput): void {
    const [hits, predicted, actual] = [this.#hits, this.#predicted, this.#actual];
    for (let i = 0, at = 0; i < count; i++) {
      for (let c = 0; c < numClasses; c++, at++) {
        const decision = scores[at] > THRESHOLD ? 1 : 0;
        const target = labels[at] > THRESHOLD ? 1 : 0;
        predicted[c] += decision;
        actual[c] += target;
        hits[c] += decision * target;
      }
    }
  }
}

/**
 * Makes the accumulator of a metric that needs no more than {@linkcode Decisions}.
 * @param key Key of the metric, for messages.
 * @param task What the run predicts.
 * @param score Computes the metric's values.
 * @returns The accumulator.
 *
 * @example Share of the samples that are not of class 0 and were predicted as such
 * ```ts
 * import { accumulateDecisions } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const accumulator = accumulateDecisions("specificity", task, ({ classes: [{ tn, fp }] }) => ({
 *   Specificity: tn / (tn + fp),
 * }));
 * const scores = Float32Array.of(0.1, 0.9, 0.8, 0.2);
 * accumulator.update({ ...task, count: 2, scores, labels: Int32Array.of(1, 1) });
 * assertEquals(accumulator.compute(), { Specificity: 0.5 });
 * ```
 *
 * @category Metrics
 */
export function accumulateDecisions(
  key: string,
  task: TaskInfo,
  score: (decisions: Decisions) => Readonly<Record<string, number>>,
): MetricAccumulator {
  const counter = new DecisionCounter(key, task);
  return {
    update: (batch) => counter.update(batch),
    compute: () => score(counter.decisions()),
  };
}

/**
 * Makes the {@linkcode Resampler} of a metric that needs no more than {@linkcode Decisions}.
 * @param samples Predictions and targets of all samples.
 * @param score Computes the metric's values.
 * @returns The metric of any resample.
 *
 * @example Share of the samples of class 1 that were found, the second sample left out
 * ```ts
 * import { recall, resampleDecisions } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.1, 0.9, 0.8, 0.2);
 * const samples = { ...task, count: 2, scores, labels: Int32Array.of(1, 1) };
 * const resample = resampleDecisions(samples, ({ classes }) => ({ Found: recall(classes[1]) }));
 * assertEquals(resample(Int32Array.of(1, 0)), { Found: 1 });
 * ```
 *
 * @category Metrics
 */
export function resampleDecisions(
  samples: MetricInput,
  score: (decisions: Decisions) => Readonly<Record<string, number>>,
): Resampler {
  const decided = decide(samples);
  return (counts) => score(countDecisions(decided, counts));
}

/**
 * Divides, with 0 for nothing out of nothing, as torchmetrics does (`zero_division=0`).
 * @param numerator What is counted.
 * @param denominator What it is counted out of.
 * @returns The ratio.
 *
 * @example Nothing out of nothing
 * ```ts
 * import { ratio } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([ratio(1, 2), ratio(0, 0)], [0.5, 0]);
 * ```
 *
 * @category Metrics
 */
export function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

/**
 * Computes the precision of one class: tp / (tp + fp).
 * @param counts Decisions of the class.
 * @returns The precision, 0 where nothing was predicted.
 *
 * @example One of four predictions is right
 * ```ts
 * import { precision } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(precision({ tp: 1, fp: 3, fn: 0, tn: 0 }), 0.25);
 * ```
 *
 * @category Metrics
 */
export function precision({ tp, fp }: ClassCounts): number {
  return ratio(tp, tp + fp);
}

/**
 * Computes the recall (sensitivity) of one class: tp / (tp + fn).
 * @param counts Decisions of the class.
 * @returns The recall, 0 where the class has no samples.
 *
 * @example One of two samples is found
 * ```ts
 * import { recall } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(recall({ tp: 1, fp: 3, fn: 1, tn: 0 }), 0.5);
 * ```
 *
 * @category Metrics
 */
export function recall({ tp, fn }: ClassCounts): number {
  return ratio(tp, tp + fn);
}

/**
 * Computes F1 of one class: 2·tp / (2·tp + fp + fn).
 * @param counts Decisions of the class.
 * @returns F1, 0 where the class neither occurs nor was predicted.
 *
 * @example Precision 1, recall 0.5
 * ```ts
 * import { f1Score } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(f1Score({ tp: 1, fp: 0, fn: 1, tn: 0 }), 2 / 3);
 * ```
 *
 * @category Metrics
 */
export function f1Score({ tp, fp, fn }: ClassCounts): number {
  return ratio(2 * tp, 2 * tp + fp + fn);
}

/**
 * Unweighted mean over classes. As in torchmetrics, a class of a multiclass task that occurs
 * neither among the targets nor among the predictions is left out; one that occurs among either
 * counts, with 0 where its score is undefined. Labels of a multilabel task always count.
 * @param decisions Decisions on all samples.
 * @param score Score of one class.
 * @returns The mean; NaN without samples.
 *
 * @example A class that never occurs does not count
 * ```ts
 * import { macroAverage, recall } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const absent = { tp: 0, fp: 0, fn: 0, tn: 2 };
 * const classes = [{ tp: 1, fp: 0, fn: 0, tn: 1 }, { tp: 1, fp: 0, fn: 0, tn: 1 }, absent];
 * assertEquals(macroAverage({ subtask: "multiclass", count: 2, classes }, recall), 1);
 * ```
 *
 * @category Metrics
 */
export function macroAverage(
  { subtask, count, classes }: Decisions,
  score: (counts: ClassCounts) => number,
): number {
  if (count === 0) return NaN;
  const present = subtask === "multilabel"
    ? classes
    : classes.filter(({ tp, fp, fn }) => tp + fp + fn > 0);
  return present.reduce((sum, each) => sum + score(each), 0) / present.length;
}
