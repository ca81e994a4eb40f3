/**
 * Which rows of which files the instances of a bag are: those of a file per slide, or of one file with
 * all of them.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import { featuresOf } from "../../engine/features/feature_source.ts";
import { slidesOf } from "../../engine/slides/slide_source.ts";
import type { BagPlaces } from "./write_attention.ts";

/**
 * Finds the files of a bag.
 * @param split The split.
 * @param index Index of the bag.
 * @returns The files; `undefined` where the dataset keeps its bags in another way.
 */
export function bagPlaces(split: Split, index: number): BagPlaces | undefined {
  const id = split.ids?.[index] ?? String(index);
  const slides = slidesOf(split.source);
  if (slides !== undefined) {
    const parts = slides.samples[index].map((part) => ({
      ...part,
      ...{ start: 0, total: part.instances },
    }));
    return { id, parts, packed: false };
  }
  const features = featuresOf(split.source);
  const lengths = features?.bagLengths;
  if (features === undefined || lengths === undefined) return undefined;
  const sum = (values: Int32Array) => values.reduce((a, b) => a + b, 0);
  const [start, total] = [sum(lengths.subarray(0, index)), sum(lengths)];
  const { path, featureKey: key } = features;
  return { id, parts: [{ path, key, instances: lengths[index], start, total }], packed: true };
}
