/**
 * Slides without tables, as a model gets them that only predicts.
 * @module
 */
import { extname } from "node:path";
import type { Split } from "../data/data.ts";
import { DataError } from "../errors.ts";
import { quoted } from "../storage/table.ts";
import { findSlides, SLIDE_FILE_ENDS, type SlideFile } from "./find_slides.ts";
import { commonFacts } from "./slide_data.ts";
import { openSlide, type SlideHeader } from "./slide_file.ts";
import { SlideIndex } from "./slide_index.ts";
import { SLIDE_SOURCE_URL, type SlideSourceOptions } from "./slide_source.ts";
import { readSlideTable, type TableOptions } from "./slide_table.ts";

/**
 * How slides without labels are read.
 * @category Slides
 */
export interface UnlabelledOptions {
  /** Dataset of the features in HDF5 files; `null` for one with a usual name. @default {null} */
  readonly feature_key?: string | null;
  /** Targets per sample, none of which is known; 0 for class indices. @default {0} */
  readonly targets?: number;
}

/**
 * Reads all slides below a folder as one split without labels. Ids are the stems of the files, or
 * their paths below the folder where two have the same stem.
 * @param root The folder.
 * @param options How to read.
 * @returns The split, with notes on what is left out.
 * @throws {DataError} if a file cannot be read, there is none with instances, or widths differ.
 *
 * @example A folder of one slide
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { unlabelledSlides } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const writer = await FeatureWriter.create(`${folder}/new.h5`, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 * writer.close();
 *
 * const { ids, unlabelled } = await unlabelledSlides(folder);
 * assertEquals([ids, unlabelled], [["new"], true]);
 * ```
 *
 * @category Slides
 */
export async function unlabelledSlides(
  root: string,
  { feature_key = null, targets = 0 }: UnlabelledOptions = {},
): Promise<Split> {
  const { files, notices: found } = findSlides(root);
  const slides: { readonly id: string; readonly header: SlideHeader }[] = [];
  const empty: string[] = [];
  let [withoutFeatures, passed] = [0, 0];
  for (const [stem, alike] of Map.groupBy(files, (file) => file.stem)) {
    const opened: { readonly file: SlideFile; readonly header: SlideHeader }[] = [];
    for (const file of alike) {
      using slide = await openSlide(file.path, feature_key);
      if (slide) opened.push({ file, header: slide.header });
      else withoutFeatures++;
    }
    const preferred = opened.filter(({ file }) =>
      rank(file) === Math.min(...opened.map(({ file }) => rank(file)))
    );
    passed += opened.length - preferred.length;
    for (const { file, header } of preferred) {
      const id = preferred.length === 1 ? stem : file.relative.slice(0, -extname(file.path).length);
      if (header.kind === "empty") empty.push(id);
      else slides.push({ id, header });
    }
  }
  if (slides.length === 0) {
    throw new DataError(`Cannot use "${root}": it holds no slide with instances`, { file: root });
  }
  const { embedDim, bags } = commonFacts(slides);
  const parts = slides.map(({ header: { path, key, instances } }) => [
    { path, ...(key !== undefined && { key }), instances },
  ]);
  const options: SlideSourceOptions = { samples: parts, embedDim, bags };
  return {
    name: root,
    length: slides.length,
    labels: targets === 0
      ? { values: new Int32Array(slides.length), width: 1 }
      : { values: new Float32Array(slides.length * targets), width: targets },
    unlabelled: true,
    sampleShape: [embedDim],
    ...(bags && { bagLengths: Int32Array.from(slides, ({ header }) => header.instances) }),
    source: { module: SLIDE_SOURCE_URL, options },
    files: parts.flat().map(({ path }) => path),
    ids: slides.map(({ id }) => id),
    notices: [
      ...found,
      ...(passed > 0
        ? [
          `${passed} ${
            passed === 1 ? "file is" : "files are"
          } not read, since the slide has one of another format`,
        ]
        : []),
      ...(withoutFeatures > 0 ? [`left out: HDF5 files without features: ${withoutFeatures}`] : []),
      ...(empty.length > 0 ? [`left out: slides without instances: ${quoted(empty)}`] : []),
    ],
  };
}

/**
 * Tells whether a table speaks of any file of a folder.
 * @param root The folder.
 * @param options The table.
 * @throws {DataError} if the table or the folder cannot be read.
 *
 * @example A table of another folder
 * ```ts
 * import { namesSlides } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const labels_file = `${folder}/labels.csv`;
 * await Deno.writeTextFile(labels_file, "slide,label\n1,a\n2,b\n");
 * assertEquals(await namesSlides(folder, { labels_file }), false);
 * ```
 *
 * @category Slides
 */
export async function namesSlides(root: string, options: TableOptions): Promise<boolean> {
  const { rows } = await readSlideTable(options);
  const index = new SlideIndex(root, findSlides(root).files);
  return rows.some(({ slide }) => index.find(slide).length > 0);
}

/** The lower, the more wanted. */
function rank({ path }: SlideFile): number {
  return SLIDE_FILE_ENDS.findIndex((end) => end === extname(path).toLowerCase());
}
