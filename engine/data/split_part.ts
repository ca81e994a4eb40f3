/**
 * A part of a split as a split of its own, for work that reads whole splits. It is also the module
 * that such a split names as its source.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Labels, ReadOptions, Rows, Source, SourceModule, Split } from "./data.ts";
import { openSplitSource } from "./open_source.ts";

/** What the source of a part needs to know; survives structured cloning. */
export interface SplitPartOptions {
  /** Name of the whole split. */
  readonly name: string;
  /** Source of the whole split. */
  readonly source: SourceModule;
  /** The part's samples, as indices of the whole. */
  readonly samples: Int32Array;
}

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
  const { name, source, labels, bagLengths, ids, patients } = split;
  const options: SplitPartOptions = { name, source, samples };
  return {
    ...split,
    length: samples.length,
    labels: labelsOf(labels, samples),
    source: { module: import.meta.url, options },
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

/**
 * Opens the source of a part.
 * @param given {@linkcode SplitPartOptions}.
 */
export async function openSource(given: unknown): Promise<Source> {
  const { name, source, samples } = given as SplitPartOptions;
  const whole = await openSplitSource({ name, source });
  return {
    async read(indices: Int32Array, options?: ReadOptions): Promise<Rows> {
      const wrong = indices.find((index) => !(index >= 0 && index < samples.length));
      if (wrong !== undefined) {
        throw new DataError(`Cannot read "${name}": sample ${wrong} of ${samples.length}`, {
          file: name,
          index: wrong,
        });
      }
      return await whole.read(indices.map((index) => samples[index]), options);
    },
    close: () => whole.close(),
  };
}
