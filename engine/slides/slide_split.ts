/**
 * Samples of slides as a split that training reads.
 * @module
 */
import type { Split } from "../data/data.ts";
import type { SlideData } from "./slide_data.ts";
import { SLIDE_SOURCE_URL, type SlideSourceOptions } from "./slide_source.ts";
import { labelsOf } from "./targets.ts";

/**
 * Makes a split of some of the samples.
 * @param data All samples.
 * @param indices Which of them, in their order.
 * @param name What the split is called in messages, behind the folder.
 * @returns The split; its rows are read later, on the thread that loads batches.
 *
 * @example The only slide
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { readSlideData, slideSplit } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const writer = await FeatureWriter.create(`${folder}/7.h5`, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 * writer.close();
 * const labels_file = `${folder}/ages.csv`;
 * await Deno.writeTextFile(labels_file, "slide,age\n7,61\n");
 *
 * const data = await readSlideData(folder, { labels_file, task: "Regression" });
 * const split = slideSplit(data, Int32Array.of(0), "train");
 * assertEquals([split.ids, [...split.bagLengths!], [...split.labels.values]], [["7"], [2], [61]]);
 * ```
 *
 * @category Slides
 */
export function slideSplit(
  { root, samples, encoding, bags, embedDim }: SlideData,
  indices: Int32Array,
  name: string,
): Split {
  const chosen = Array.from(indices, (index) => samples[index]);
  const parts = chosen.map((sample) => sample.parts);
  const lengths = parts.map((files) => files.reduce((sum, { instances }) => sum + instances, 0));
  const options: SlideSourceOptions = { samples: parts, embedDim, bags };
  return {
    name: `${root} (${name})`,
    length: chosen.length,
    labels: labelsOf(chosen.map(({ targets }) => targets), encoding),
    sampleShape: [embedDim],
    ...(bags && { bagLengths: Int32Array.from(lengths) }),
    source: { module: SLIDE_SOURCE_URL, options },
    files: parts.flat().map(({ path }) => path),
    ids: chosen.map(({ id }) => id),
    patients: chosen.map(({ patient }) => patient),
  };
}
