/**
 * Predictions and targets of all samples, for metrics that no count can stand in for.
 *
 * Memory grows by 4 bytes × classes per sample for the scores. Targets take 4 bytes per sample more
 * (multiclass) or 1 byte × labels (multilabel).
 * @module
 */
import type { MetricInput, TaskInfo } from "../../registry/plugin.ts";
import { assertBatch, THRESHOLD } from "./_metric.ts";

/** Scores from which on memory is not doubled any more but grows chunk by chunk: 1 MiB. */
const CHUNK_SCORES = 2 ** 18;

/**
 * Consecutive samples that lie in one piece of memory.
 * @category Metrics
 */
export interface SampleChunk {
  /** Number of samples. */
  readonly count: number;
  /** Scores `[count, num_classes]`, row-major. */
  readonly scores: Float32Array;
  /**
   * Classes `[count]` (multiclass), or zeros and ones `[count, num_classes]` (multilabel), ones where
   * targets exceed the threshold.
   */
  readonly labels: Int32Array | Uint8Array;
}

/**
 * Keeps copies of predictions and targets of a classification, batch by batch.
 *
 * @example Two batches, one sample each
 * ```ts
 * import { SampleStore } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const store = new SampleStore("kappa", task);
 * for (const label of [1, 0]) {
 *   const batch = { scores: Float32Array.of(0.5, 0.5), labels: Int32Array.of(label) };
 *   store.update({ ...task, count: 1, ...batch });
 * }
 * assertEquals(store.chunks().flatMap(({ labels }) => [...labels]), [1, 0]);
 * ```
 *
 * @category Metrics
 */
export class SampleStore {
  /** What the run predicts. */
  readonly task: TaskInfo;
  readonly #key: string;
  /** Labels of one sample. */
  readonly #width: number;
  readonly #chunks: SampleChunk[] = []; // with room for `count` samples each; all but the last are full
  #free = 0; // samples that the last chunk has room for
  #count = 0;

  /**
   * Makes an empty store.
   * @param key Key of the metric, for messages.
   * @param task What the run predicts.
   */
  constructor(key: string, task: TaskInfo) {
    this.#key = key;
    this.task = task;
    this.#width = task.subtask === "multiclass" ? 1 : task.numClasses;
  }

  /** Number of samples. */
  get count(): number {
    return this.#count;
  }

  /**
   * Copies a batch.
   * @param batch Predictions and targets; nothing is kept if they are refused.
   * @throws {TypeError | RangeError} if the task, lengths or labels are wrong.
   */
  update(batch: MetricInput): void {
    assertBatch(this.#key, this.task, batch);
    for (let from = 0; from < batch.count;) {
      if (this.#free === 0) this.#grow(batch.count - from);
      const rows = Math.min(this.#free, batch.count - from);
      const { count, scores, labels } = this.#chunks[this.#chunks.length - 1];
      const at = count - this.#free;
      scores.set(
        slice(batch.scores, from, rows, this.task.numClasses),
        at * this.task.numClasses,
      );
      const targets = slice(batch.labels, from, rows, this.#width);
      const soft = this.task.subtask === "multilabel";
      labels.set(soft ? targets.map(isAbove) : targets, at * this.#width);
      this.#free -= rows;
      this.#count += rows;
      from += rows;
    }
  }

  /**
   * Gives what is kept.
   * @returns All samples in order, as views.
   */
  chunks(): SampleChunk[] {
    return this.#chunks.map((chunk, i) => {
      const count = i < this.#chunks.length - 1 ? chunk.count : chunk.count - this.#free;
      return {
        count,
        scores: slice(chunk.scores, 0, count, this.task.numClasses),
        labels: slice(chunk.labels, 0, count, this.#width),
      };
    });
  }

  /** Adds a chunk for the rest of a batch, or for as many samples as there are, up to 1 MiB. */
  #grow(rest: number): void {
    const { subtask, numClasses } = this.task;
    const limit = Math.ceil(CHUNK_SCORES / numClasses);
    const count = Math.max(rest, Math.min(this.#count, limit));
    const Labels = subtask === "multiclass" ? Int32Array : Uint8Array;
    this.#chunks.push({
      count,
      scores: new Float32Array(count * numClasses),
      labels: new Labels(count * this.#width),
    });
    this.#free = count;
  }
}

function isAbove(target: number): number {
  return target > THRESHOLD ? 1 : 0;
}

function slice<T extends Float32Array | Int32Array | Uint8Array>(
  values: T,
  row: number,
  rows: number,
  width: number,
): T {
  return values.subarray(row * width, (row + rows) * width) as T;
}
