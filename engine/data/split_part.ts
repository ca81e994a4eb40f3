/**
 * A part of a split as a split of its own, for work that reads whole splits.
 * @module
 */
import type { Labels, Split } from "./data.ts";
import { subsetSource } from "./subset_source.ts";

/**
 * Makes a split of some samples of another.
 * @param split The whole.
 * @param samples Indices of its samples, in the order of the new split.
 * @returns The part, which reads what the whole reads.
 *
 * @example The last two of three samples
 * ```ts
 * import { splitPart } from "./split_part.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const whole = {
 *   name: "train.h5",
 *   length: 3,
 *   labels: { values: Int32Array.of(7, 8, 9), width: 1 },
 *   sampleShape: [4],
 *   source: { module: import.meta.url, options: {} },
 * };
 * const { length, labels } = splitPart(whole, Int32Array.of(1, 2));
 * assertEquals([length, [...labels.values]], [2, [8, 9]]);
 * ```
 */
export function splitPart(split: Split, samples: Int32Array): Split {
  const { labels, bagLengths, ids, patients } = split;
  return {
    ...split,
    length: samples.length,
    labels: labelsOf(labels, samples),
    source: subsetSource(split, samples),
    ...(bagLengths && { bagLengths: samples.map((index) => bagLengths[index]) }),
    ...(ids && { ids: Array.from(samples, (index) => ids[index]) }),
    ...(patients && { patients: Array.from(samples, (index) => patients[index]) }),
  };
}

/**
 * The targets of some samples.
 * @param labels Targets of all samples.
 * @param samples Indices of the samples.
 */
export function labelsOf({ values, width }: Labels, samples: Int32Array): Labels {
  const kept = values.slice(0, samples.length * width);
  for (const [index, sample] of samples.entries()) {
    kept.set(values.subarray(sample * width, (sample + 1) * width), index * width);
  }
  return { values: kept, width };
}
