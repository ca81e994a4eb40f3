/**
 * Slides with their labels: tables on the one hand, feature files on the other.
 * @module
 */
import { dirname, extname } from "node:path";
import { DataError } from "../errors.ts";
import { quoted, shown } from "../storage/table.ts";
import { findSlides, type FoundSlides, SLIDE_FILE_ENDS, type SlideFile } from "./find_slides.ts";
import { openSlide, type SlideHeader } from "./slide_file.ts";
import { SlideIndex } from "./slide_index.ts";
import type { SlidePart } from "./slide_source.ts";
import {
  readSlideTable,
  sameLabels,
  shownLabels,
  type SlideRow,
  type SlideTable,
  type TableOptions,
} from "./slide_table.ts";
import { type TargetEncoding, targetEncoding, type TargetOptions } from "./targets.ts";
import { UndecidedError } from "./undecided.ts";

/** Which slides, and what becomes of those that cannot be used. */
export interface SlideDataOptions extends TableOptions, TargetOptions {
  /** Dataset of the features in HDF5 files; where `null`, one with a usual name. */
  readonly feature_key: string | null;
  /** Whether empty slides, and slides without a file or a label, are errors. */
  readonly strict: boolean;
  /** Whether a bag is a slide, or all slides of a patient. */
  readonly bag_level: "slide" | "patient";
}

/** A sample: a slide, or all slides of a patient. */
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

/** All samples of a folder that can be used. */
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

/** What could not be used, by the reason. */
export interface LeftOutSlides {
  /** Slides without a file. */
  readonly withoutFile: readonly string[];
  /** Slides without a label. */
  readonly withoutLabel: readonly string[];
  /** Slides whose label is not a class. */
  readonly ignored: readonly string[];
  /** Slides without instances. */
  readonly empty: readonly string[];
  /** Files that no row speaks of, as paths below the folder. */
  readonly withoutRow: readonly string[];
}

/** Called after each header. */
export type OnHeader = (done: number, total: number) => void;

/** A row and the files that its id may mean. */
interface Matched {
  readonly row: SlideRow;
  readonly files: readonly SlideFile[];
}

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
 * @throws {DataError} if tables or files cannot be used or contradict each other.
 *
 * @example The slides of CLAM
 * ```ts ignore
 * const { samples, embedDim } = await readSlideData("h5_files", options);
 * ```
 */
export async function readSlideData(
  root: string,
  options: SlideDataOptions,
  onHeader?: OnHeader,
): Promise<SlideData> {
  const table = await readSlideTable(options);
  const encoding = targetEncoding(table, options);
  const found = findSlides(root);
  const index = new SlideIndex(root, found.files);
  const all = table.rows.map((row): Matched => ({ row, files: index.find(row.slide) }));
  const unique = withoutRepeats(all, table);
  const matched = unique.rows.filter(({ files }) => files.length > 0);
  requireMatches(matched, { table, found, unique });
  const targets = new Map(matched.map(({ row }) => [row, encoding.encode(row)]));
  const withoutLabel = matched.filter(({ row }) => row.labels.includes(undefined));
  const labelled = matched.filter(({ row }) => targets.get(row) !== undefined);
  const headers = await readHeaders(labelled, options, onHeader);
  const slides = labelled.flatMap(({ row }): Slide[] => {
    const header = headers.of.get(row);
    return header && header.kind !== "empty" ? [{ row, header, targets: targets.get(row)! }] : [];
  });
  const known = new Set(all.flatMap(({ files }) => files));
  const named = (rows: readonly Matched[]) => rows.map(({ row }) => row.slide);
  const leftOut: LeftOutSlides = {
    withoutFile: [
      ...named(unique.rows.filter(({ files }) => files.length === 0)),
      ...named(labelled.filter(({ row }) => !headers.of.has(row))),
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
  if (options.strict) refuseLeftOut(leftOut, { root, table });
  if (slides.length === 0) {
    throw new DataError(
      `Cannot use "${root}": of the ${table.rows.length} slides of "${table.file}" none has ` +
        "both features and a label",
      { file: root },
    );
  }
  const { embedDim, bags, dtype } = commonFacts(slides);
  const samples = options.bag_level === "patient" && bags
    ? byPatient(slides, table)
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

interface Unique {
  readonly rows: readonly Matched[];
  readonly notices: readonly string[];
}

/** Rows that speak of the same file must say the same of it. */
function withoutRepeats(all: readonly Matched[], { file }: SlideTable): Unique {
  const first = new Map<string, Matched>();
  const rows: Matched[] = [];
  let repeated = 0;
  for (const matched of all) {
    const { row } = matched;
    const key = matched.files[0]?.path ?? `\0${row.slide}`;
    const before = first.get(key)?.row;
    if (before === undefined) {
      first.set(key, matched);
      rows.push(matched);
      continue;
    }
    repeated++;
    const difference = differenceOf(before, row);
    if (difference === undefined) continue;
    const [what, one, other] = difference;
    throw new DataError(
      `Cannot use "${file}": it gives slide ${shown(row.slide)} the ${what} ${one} ` +
        `(${before.place}) and ${other} (${row.place})`,
      { file },
    );
  }
  const notices = repeated === 0
    ? []
    : [`${repeated} rows of "${file}" repeat what another row says of the same slide`];
  return { rows, notices };
}

/** In what two rows of one slide differ. */
function differenceOf(
  one: SlideRow,
  other: SlideRow,
): readonly [what: string, one: string, other: string] | undefined {
  if (!sameLabels(one.labels, other.labels)) {
    return ["labels", shownLabels(one.labels), shownLabels(other.labels)];
  }
  if (one.patient !== other.patient) {
    return ["patients", shown(one.patient), shown(other.patient)];
  }
  if (one.split === other.split) return undefined;
  return ["splits", shown(one.split ?? ""), shown(other.split ?? "")];
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
  readonly notices: readonly string[];
}

/** Reads the header of each slide; of several files, the one that holds features. */
async function readHeaders(
  matched: readonly Matched[],
  { feature_key }: SlideDataOptions,
  onHeader?: OnHeader,
): Promise<Headers> {
  const of = new Map<SlideRow, SlideHeader>();
  const passed = new Map<string, number>();
  let withoutFeatures = 0;
  for (const [done, { row, files }] of matched.entries()) {
    const headers: SlideHeader[] = [];
    for (const { path } of files) {
      using slide = await openSlide(path, feature_key);
      if (slide) headers.push(slide.header);
      else withoutFeatures++;
    }
    if (headers.length > 0) of.set(row, chosen(row, headers, passed));
    onHeader?.(done + 1, matched.length);
  }
  const notices = [...passed].map(([kinds, count]) =>
    `${count} of the slides have ${kinds}, of which the first is read`
  );
  if (withoutFeatures > 0) {
    const key = feature_key === null ? "" : ` "${feature_key}"`;
    notices.push(`left out: HDF5 files without features${key}: ${withoutFeatures}`);
  }
  return { of, notices };
}

/** The file with the most wanted end; of two with the same end nobody can tell. */
function chosen(
  row: SlideRow,
  headers: readonly SlideHeader[],
  passed: Map<string, number>,
): SlideHeader {
  const endOf = ({ path }: SlideHeader) => extname(path).toLowerCase();
  const rank = (header: SlideHeader) => SLIDE_FILE_ENDS.findIndex((end) => end === endOf(header));
  const [first, second] = [...headers].sort((a, b) => rank(a) - rank(b));
  if (second === undefined) return first;
  if (endOf(first) === endOf(second)) {
    throw new UndecidedError(
      `Cannot tell which file is slide ${shown(row.slide)} (${row.place}): "${first.path}" or ` +
        `"${second.path}"; narrow data.data_root_dir`,
      {
        option: "data_root_dir",
        candidates: [dirname(first.path), dirname(second.path)],
        file: first.path,
      },
    );
  }
  const kinds = `files that end in ${
    headers.map(endOf).sort((a, b) =>
      SLIDE_FILE_ENDS.findIndex((end) => end === a) - SLIDE_FILE_ENDS.findIndex((end) => end === b)
    ).join(" and ")
  }`;
  passed.set(kinds, (passed.get(kinds) ?? 0) + 1);
  return first;
}

/** Width and kind, which all slides must share. */
function commonFacts(slides: readonly Slide[]): Pick<SlideData, "embedDim" | "bags" | "dtype"> {
  const [{ header: first }] = slides;
  for (const { header } of slides) {
    if (header.kind !== first.kind) {
      const [bag, vector] = header.kind === "bag" ? [header, first] : [first, header];
      throw new DataError(
        `Cannot use "${vector.path}": it holds one vector, "${bag.path}" a bag of instances`,
        { file: vector.path, dataset: vector.key },
      );
    }
    if (header.embedDim !== first.embedDim) {
      throw new DataError(
        `Cannot use "${header.path}": its features are ${header.embedDim} wide, those of ` +
          `"${first.path}" ${first.embedDim}`,
        { file: header.path, dataset: header.key },
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
function byPatient(slides: readonly Slide[], { file }: SlideTable): SlideSample[] {
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
      throw new DataError(
        `Cannot join the slides of patient ${shown(patient)}: ${
          shown(first.id)
        } (${first.place}) ` +
          `and ${shown(sample.id)} (${sample.place}) have different ${what}`,
        { file },
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

/** Why something is left out, in words, what it is, and whether `strict` refuses it. */
const REASONS: readonly (readonly [keyof LeftOutSlides, [string, string], strict: boolean])[] = [
  ["withoutFile", ["slide", 'of "{table}" without a feature file below "{root}"'], true],
  ["withoutLabel", ["slide", 'of "{table}" without a label'], true],
  ["empty", ["slide", 'below "{root}" without instances'], true],
  ["ignored", ["slide", 'of "{table}" with a label that is not in data.class_names'], false],
  ["withoutRow", ["file", 'below "{root}" without a row in "{table}"'], false],
];

interface Places {
  readonly root: string;
  readonly table: SlideTable;
}

function inWords(
  count: number,
  [noun, words]: readonly [string, string],
  { root, table }: Places,
): string {
  const place = words.replace("{root}", root).replace("{table}", table.file);
  return `${count} ${noun}${count === 1 ? "" : "s"} ${place}`;
}

function leftOutNotices(leftOut: LeftOutSlides, places: Places): string[] {
  return REASONS.flatMap(([reason, words]) => {
    const names = leftOut[reason];
    if (names.length === 0) return [];
    return [`left out: ${inWords(names.length, words, places)}: ${quoted(names)}`];
  });
}

function refuseLeftOut(leftOut: LeftOutSlides, places: Places): void {
  for (const [reason, words, strict] of REASONS) {
    const names = leftOut[reason];
    if (!strict || names.length === 0) continue;
    const { file } = places.table;
    const state = `${inWords(names.length, words, places)}: ${quoted(names)}`;
    throw new DataError(`Cannot use "${file}": ${state}`, { file });
  }
}
