/**
 * Slides with their labels: tables on the one hand, feature files on the other.
 * @module
 */
import { dirname, extname } from "node:path";
import { DataError } from "../errors.ts";
import { shown } from "../storage/table.ts";
import { findSlides, type FoundSlides, SLIDE_FILE_ENDS } from "./find_slides.ts";
import { leftOutNotices, type LeftOutSlides, refuseLeftOut } from "./left_out.ts";
import { openSlide, type SlideHeader } from "./slide_file.ts";
import { SlideIndex } from "./slide_index.ts";
import { type Matched, type Unique, withoutRepeats } from "./_repeats.ts";
import { attempt, type Refuse, refuseAtOnce } from "./refuse.ts";
import type { SlidePart } from "./slide_source.ts";
import {
  readSlideTable,
  type SlideRow,
  type SlideTable,
  type TableOptions,
} from "./slide_table.ts";
import { type TargetEncoding, targetEncoding, type TargetOptions } from "./targets.ts";
import { UndecidedError } from "./undecided.ts";

/**
 * Which slides, and what becomes of those that cannot be used.
 * @category Slides
 */
export interface SlideDataOptions extends TableOptions, TargetOptions {
  /** Dataset of the features in HDF5 files; `null` for one with a usual name. @default {null} */
  readonly feature_key?: string | null;
  /** Whether empty slides, and slides without a file or a label, are errors. @default {false} */
  readonly strict?: boolean;
  /** Whether a bag is a slide, or all slides of a patient. @default {"slide"} */
  readonly bag_level?: "slide" | "patient";
}

/**
 * A sample: a slide, or all slides of a patient.
 * @category Slides
 */
export interface SlideSample {
  /** Its id, as the table has it. */
  readonly id: string;
  /** Its patient. */
  readonly patient: string;
  /** Ids of its slides. */
  readonly slides: readonly string[];
  /** Its files. */
  readonly parts: readonly SlidePart[];
  /** Its targets. */
  readonly targets: readonly number[];
  /** Its split, where a column tells. */
  readonly split?: string;
  /** Where its label stands, for messages. */
  readonly place: string;
}

/**
 * All samples of a folder that can be used.
 * @category Slides
 */
export interface SlideData {
  /** The folder. */
  readonly root: string;
  /** The tables. */
  readonly table: SlideTable;
  /** How labels became targets. */
  readonly encoding: TargetEncoding;
  /** The samples, in the order of the table. */
  readonly samples: readonly SlideSample[];
  /** Whether they are bags, and not single vectors. */
  readonly bags: boolean;
  /** Width of an instance. */
  readonly embedDim: number;
  /** Type of the stored features. */
  readonly dtype: string;
  /** What could not be used. */
  readonly leftOut: LeftOutSlides;
  /** Lines for the user on what was assumed and left out. */
  readonly notices: readonly string[];
}

/**
 * Called after each header.
 * @category Slides
 */
export type OnHeader = (done: number, total: number) => void;

/** A slide and its file. */
interface Slide {
  readonly row: SlideRow;
  readonly header: SlideHeader;
  readonly targets: readonly number[];
}

/**
 * Reads tables and the headers of the slides they name. No feature is read.
 * @param root Folder that is searched.
 * @param options Tables, columns and what is to be predicted.
 * @param onHeader Called after each header.
 * @param refuse Takes what is wrong with single slides and rows; throws it where not given.
 * @throws {DataError} if tables or files cannot be used or contradict each other.
 *
 * @example Four slides
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { readSlideData } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * for (const slide of ["1", "2", "3", "4"]) {
 *   const writer = await FeatureWriter.create(`${folder}/${slide}.h5`, { embedDim: 2 });
 *   writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 *   writer.close();
 * }
 * const labels_file = `${folder}/labels.csv`;
 * await Deno.writeTextFile(labels_file, "slide,label\n1,a\n2,a\n3,b\n4,b\n");
 * const data = await readSlideData(folder, { labels_file, task: "Classification" });
 * assertEquals(data.samples.map(({ id, targets }) => [id, ...targets]), [
 *   ["1", 0],
 *   ["2", 0],
 *   ["3", 1],
 *   ["4", 1],
 * ]);
 * ```
 *
 * @category Slides
 */
export async function readSlideData(
  root: string,
  options: SlideDataOptions,
  onHeader?: OnHeader,
  refuse: Refuse = refuseAtOnce,
): Promise<SlideData> {
  const table = await readSlideTable(options);
  const encoding = targetEncoding(table, options);
  const found = findSlides(root);
  const index = new SlideIndex(root, found.files);
  const all = table.rows.map((row): Matched => ({ row, files: index.find(row.slide) }));
  const unique = withoutRepeats(all, table, refuse);
  const matched = unique.rows.filter(({ files }) => files.length > 0);
  requireMatches(matched, { table, found, unique });
  const targets = new Map<SlideRow, readonly number[] | undefined>();
  for (const { row } of matched) {
    targets.set(row, await attempt(() => encoding.encode(row), refuse));
  }
  const withoutLabel = matched.filter(({ row }) => row.labels.includes(undefined));
  const labelled = matched.filter(({ row }) => targets.get(row) !== undefined);
  const headers = await readHeaders(labelled, options, { onHeader, refuse });
  const slides = labelled.flatMap(({ row }): Slide[] => {
    const header = headers.of.get(row);
    return header && header.kind !== "empty" ? [{ row, header, targets: targets.get(row)! }] : [];
  });
  const known = new Set(all.flatMap(({ files }) => files));
  const named = (rows: readonly Matched[]) => rows.map(({ row }) => row.slide);
  const leftOut: LeftOutSlides = {
    withoutFile: [
      ...named(unique.rows.filter(({ files }) => files.length === 0)),
      ...named(labelled.filter(({ row }) => !headers.of.has(row) && !headers.refused.has(row))),
    ],
    withoutLabel: named(withoutLabel),
    ignored: named(
      matched.filter(({ row }) =>
        targets.get(row) === undefined && !row.labels.includes(undefined)
      ),
    ),
    empty: named(labelled.filter(({ row }) => headers.of.get(row)?.kind === "empty")),
    withoutRow: found.files.filter((file) => !known.has(file)).map(({ relative }) => relative),
  };
  if (options.strict) await attempt(() => refuseLeftOut(leftOut, { root, table }), refuse);
  if (slides.length === 0) {
    throw new DataError(
      `Cannot use "${root}": of the ${table.rows.length} slides of "${table.file}" none has ` +
        "both features and a label",
      { file: root },
    );
  }
  const { embedDim, bags, dtype } = commonFacts(slides, refuse);
  const samples = options.bag_level === "patient" && bags
    ? byPatient(slides, table, refuse)
    : slides.map(sampleOf);
  const notices = [
    ...table.notices,
    ...found.notices,
    ...unique.notices,
    ...headers.notices,
    ...leftOutNotices(leftOut, { root, table }),
  ];
  return { root, table, encoding, samples, bags, embedDim, dtype, leftOut, notices };
}

function requireMatches(
  matched: readonly Matched[],
  { table, found, unique }: {
    readonly table: SlideTable;
    readonly found: FoundSlides;
    readonly unique: Unique;
  },
): void {
  const { root, files } = found;
  if (files.length === 0) {
    const kinds = SLIDE_FILE_ENDS.join(", ");
    throw new DataError(`Cannot use "${root}": it holds no feature file (${kinds})`, {
      file: root,
    });
  }
  if (matched.length > 0) return;
  throw new DataError(
    `Cannot use "${root}": none of the ${unique.rows.length} slides of "${table.file}", such as ` +
      `${shown(unique.rows[0].row.slide)}, has a file there, such as ${shown(files[0].relative)}`,
    { file: root },
  );
}

interface Headers {
  readonly of: ReadonlyMap<SlideRow, SlideHeader>;
  readonly refused: ReadonlySet<SlideRow>;
  readonly notices: readonly string[];
}

/** Reads the header of each slide; of several files, the one that holds features. */
async function readHeaders(
  matched: readonly Matched[],
  { feature_key = null }: SlideDataOptions,
  { onHeader, refuse }: { readonly onHeader?: OnHeader; readonly refuse: Refuse },
): Promise<Headers> {
  const of = new Map<SlideRow, SlideHeader>();
  const refused = new Set<SlideRow>();
  const passed = new Map<string, number>();
  let withoutFeatures = 0;
  for (const [done, { row, files }] of matched.entries()) {
    const headers: SlideHeader[] = [];
    for (const { path } of files) {
      using slide = await attempt(() => openSlide(path, feature_key), (error) => {
        refuse(error);
        refused.add(row);
      });
      if (slide) headers.push(slide.header);
      else if (!refused.has(row)) withoutFeatures++;
    }
    if (headers.length > 0) of.set(row, chosen(row, headers, { passed, refuse }));
    onHeader?.(done + 1, matched.length);
  }
  const notices = [...passed].map(([kinds, count]) =>
    `${count} of the slides have ${kinds}, of which the first is read`
  );
  if (withoutFeatures > 0) {
    const key = feature_key === null ? "" : ` "${feature_key}"`;
    notices.push(`left out: HDF5 files without features${key}: ${withoutFeatures}`);
  }
  return { of, refused, notices };
}

/** The file with the most wanted end; of two with the same end nobody can tell. */
function chosen(
  row: SlideRow,
  headers: readonly SlideHeader[],
  { passed, refuse }: { readonly passed: Map<string, number>; readonly refuse: Refuse },
): SlideHeader {
  const endOf = ({ path }: SlideHeader) => extname(path).toLowerCase();
  const rank = (header: SlideHeader) => SLIDE_FILE_ENDS.findIndex((end) => end === endOf(header));
  const [first, second] = [...headers].sort((a, b) => rank(a) - rank(b));
  if (second === undefined) return first;
  if (endOf(first) === endOf(second)) {
    refuse(
      new UndecidedError(
        `Cannot tell which file is slide ${shown(row.slide)} (${row.place}): "${first.path}" or ` +
          `"${second.path}"; narrow data.data_root_dir`,
        {
          option: "data_root_dir",
          candidates: [dirname(first.path), dirname(second.path)],
          file: first.path,
        },
      ),
    );
    return first;
  }
  const kinds = `files that end in ${
    headers.map(endOf).sort((a, b) =>
      SLIDE_FILE_ENDS.findIndex((end) => end === a) - SLIDE_FILE_ENDS.findIndex((end) => end === b)
    ).join(" and ")
  }`;
  passed.set(kinds, (passed.get(kinds) ?? 0) + 1);
  return first;
}

/**
 * Width and kind, which all slides must share.
 * @param slides Headers of the slides, at least one.
 * @param refuse Takes what is wrong with single slides.
 * @throws {DataError} if two of them differ and nothing takes it.
 */
export function commonFacts(
  slides: readonly Pick<Slide, "header">[],
  refuse: Refuse = refuseAtOnce,
): Pick<SlideData, "embedDim" | "bags" | "dtype"> {
  const [{ header: first }] = slides;
  for (const { header } of slides) {
    if (header.kind !== first.kind) {
      const [bag, vector] = header.kind === "bag" ? [header, first] : [first, header];
      refuse(
        new DataError(
          `Cannot use "${vector.path}": it holds one vector, "${bag.path}" a bag of instances`,
          { file: vector.path, dataset: vector.key },
        ),
      );
    } else if (header.embedDim !== first.embedDim) {
      refuse(
        new DataError(
          `Cannot use "${header.path}": its features are ${header.embedDim} wide, those of ` +
            `"${first.path}" ${first.embedDim}`,
          { file: header.path, dataset: header.key },
        ),
      );
    }
  }
  const types = [...new Set(slides.map(({ header: { dtype } }) => dtype))];
  return { embedDim: first.embedDim, bags: first.kind === "bag", dtype: types.sort().join(", ") };
}

function sampleOf({ row, header, targets }: Slide): SlideSample {
  const { slide, patient, split, place } = row;
  const { path, key, instances } = header;
  const parts = [{ path, ...(key !== undefined && { key }), instances }];
  return {
    ...{ id: slide, patient, slides: [slide], parts, targets, place },
    ...(split !== undefined && { split }),
  };
}

/** One sample for each patient, whose slides must have the same targets. */
function byPatient(
  slides: readonly Slide[],
  { file }: SlideTable,
  refuse: Refuse,
): SlideSample[] {
  const groups = Map.groupBy(slides.map(sampleOf), ({ patient }) => patient);
  return [...groups].map(([patient, samples]) => {
    const [first] = samples;
    for (const sample of samples) {
      const what = sample.targets.some((value, at) => value !== first.targets[at])
        ? "labels"
        : sample.split !== first.split
        ? "splits"
        : undefined;
      if (what === undefined) continue;
      refuse(
        new DataError(
          `Cannot join the slides of patient ${shown(patient)}: ${
            shown(first.id)
          } (${first.place}) ` +
            `and ${shown(sample.id)} (${sample.place}) have different ${what}`,
          { file },
        ),
      );
    }
    return {
      ...first,
      id: patient,
      slides: samples.map(({ id }) => id),
      parts: samples.flatMap(({ parts }) => parts),
    };
  });
}
