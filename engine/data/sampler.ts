/**
 * Which samples an epoch visits, in which order, and which instances of a bag it reads. All of it
 * is a function of (seed, epoch, sample): a resumed run continues with the same batches.
 * @module
 */
import { deriveSeed, Random } from "../random.ts";
import type { Labels } from "./data.ts";

/** How {@linkcode epochOrder} arranges samples. */
export interface OrderOptions {
  /** Seed of the run. */
  readonly seed: number;
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Random instead of given order. @default {false} */
  readonly shuffle?: boolean;
  /** Relative probability of each sample; draws with replacement, and makes `shuffle` moot. */
  readonly weights?: Float64Array;
}

/**
 * Arranges the samples of one epoch.
 *
 * @param samples Sample indices to visit.
 * @param options Seed, epoch and the kind of order.
 * @returns As many sample indices: the given order, a permutation, or weighted draws.
 * @throws {RangeError} if weights are not one non-negative number per sample with a positive sum.
 *
 * @example A shuffle depends on seed and epoch only
 * ```ts
 * import { epochOrder } from "./sampler.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const samples = Int32Array.of(3, 4, 5, 6);
 * const order = epochOrder(samples, { seed: 1, epoch: 7, shuffle: true });
 * assertEquals(order, epochOrder(samples, { seed: 1, epoch: 7, shuffle: true }));
 * assertEquals(order.toSorted(), samples);
 * ```
 */
export function epochOrder(samples: Int32Array, options: OrderOptions): Int32Array<ArrayBuffer> {
  const { seed, epoch, shuffle, weights } = options;
  if (weights) return drawWeighted(samples, weights, deriveSeed(seed, "weighted", epoch));
  const order = Int32Array.from(samples);
  return shuffle ? new Random(deriveSeed(seed, "shuffle", epoch)).shuffle(order) : order;
}

function drawWeighted(
  samples: Int32Array,
  weights: Float64Array,
  seed: number,
): Int32Array<ArrayBuffer> {
  const cumulative = cumulate(weights);
  if (weights.length !== samples.length) {
    throw new RangeError(
      `Cannot draw ${samples.length} samples by weight: received ${weights.length} weights`,
    );
  }
  const total = cumulative[cumulative.length - 1];
  const random = new Random(seed);
  const order = new Int32Array(samples.length);
  for (let i = 0; i < order.length; i++) {
    order[i] = samples[firstAbove(cumulative, random.float() * total)];
  }
  return order;
}

function cumulate(weights: Float64Array): Float64Array {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0 && weights[i] < Infinity)) {
      throw new RangeError(`Cannot draw samples by weight: weight ${i} is ${weights[i]}`);
    }
    cumulative[i] = total += weights[i];
  }
  if (!(total > 0 && total < Infinity)) {
    throw new RangeError(`Cannot draw samples by weight: the weights sum to ${total}`);
  }
  return cumulative;
}

/** Index of the first value above `threshold` in ascending `values`, the last one if none is. */
function firstAbove(values: Float64Array, threshold: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > threshold) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Weights that make all classes equally likely: N / (samples of the class), per sample.
 *
 * @param labels Class indices of a split.
 * @param samples The samples that are drawn from, and counted.
 * @returns One weight per entry of `samples`.
 * @throws {TypeError} if the labels are not class indices.
 *
 * @example
 * ```ts
 * import { classWeights } from "./sampler.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = { values: Int32Array.of(0, 0, 0, 1), width: 1 };
 * assertEquals([...classWeights(labels, Int32Array.of(0, 1, 3))], [1.5, 1.5, 3]);
 * ```
 */
export function classWeights(labels: Labels, samples: Int32Array): Float64Array {
  const { values } = labels;
  if (!(values instanceof Int32Array)) {
    throw new TypeError("Cannot weigh samples by class: the labels are not class indices");
  }
  const counts = new Map<number, number>();
  for (const sample of samples) counts.set(values[sample], (counts.get(values[sample]) ?? 0) + 1);
  return Float64Array.from(samples, (sample) => samples.length / counts.get(values[sample])!);
}

/**
 * Draws instances of a bag without replacement, all subsets equally likely.
 *
 * @param length Instances of the bag.
 * @param count Instances to keep.
 * @param seed Seed of this draw.
 * @returns `count` ascending instance indices, or `undefined` if the bag has no more than that.
 *
 * @example
 * ```ts
 * import { drawInstances } from "./sampler.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(drawInstances(100, 8, 42)?.length, 8);
 * assertEquals(drawInstances(5, 8, 42), undefined);
 * ```
 */
export function drawInstances(
  length: number,
  count: number,
  seed: number,
): Int32Array<ArrayBuffer> | undefined {
  if (length <= count) return undefined;
  // Floyd's algorithm: `count` draws, whatever the length.
  const chosen = new Uint8Array(length);
  const random = new Random(seed);
  for (let last = length - count; last < length; last++) {
    const index = random.integer(last + 1);
    chosen[chosen[index] ? last : index] = 1;
  }
  const instances = new Int32Array(count);
  let kept = 0;
  for (let index = 0; index < length; index++) if (chosen[index]) instances[kept++] = index;
  return instances;
}
