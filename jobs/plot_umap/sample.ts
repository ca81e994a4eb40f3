/**
 * Which samples of large files are plotted.
 * @module
 */
import { Random } from "../../engine/random.ts";

/** How many samples are plotted. */
export interface SampleOptions {
  /** Most samples. */
  readonly maxSamples: number;
  /** Most samples per class. */
  readonly maxPerClass: number;
  /** Seed of the choice. */
  readonly seed: number;
}

/**
 * Chooses samples as GloViTa does: all where there are no more than `maxSamples`; otherwise up to
 * `maxPerClass` of each class, and of those up to `maxSamples`. Which ones they are follows from our
 * own generator, so they are others than NumPy's.
 * @param labels Class of each sample.
 * @param options How many.
 * @returns Indices, ascending.
 *
 * @example Two of each class
 * ```ts
 * import { sampleIndices } from "./sample.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = Int32Array.of(0, 0, 0, 1, 1, 1);
 * const indices = sampleIndices(labels, { maxSamples: 5, maxPerClass: 2, seed: 42 });
 * assertEquals(Array.from(indices, (index) => labels[index]), [0, 0, 1, 1]);
 * ```
 */
export function sampleIndices(
  labels: Int32Array,
  { maxSamples, maxPerClass, seed }: SampleOptions,
): Int32Array<ArrayBuffer> {
  const all = Int32Array.from(labels, (_, index) => index);
  if (labels.length <= maxSamples) return all;
  const random = new Random(seed);
  const classes = Map.groupBy(all, (index) => labels[index]);
  const chosen = [...classes.keys()].sort((a, b) => a - b).flatMap((label) => {
    const members = random.shuffle(Int32Array.from(classes.get(label)!));
    return [...members.subarray(0, maxPerClass)];
  });
  return random.shuffle(Int32Array.from(chosen)).slice(0, maxSamples).sort();
}
