/**
 * Inspects a folder of slides without tables: every feature file in it.
 * @module
 */
import { extname } from "node:path";
import { findSlides, SLIDE_FILE_ENDS, type SlideFile } from "../../engine/slides/find_slides.ts";
import { FEATURE_KEYS, openSlide, type SlideHeader } from "../../engine/slides/slide_file.ts";
import { bareId } from "../../engine/slides/slide_index.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { quoted } from "../../engine/storage/table.ts";
import { type Context, counted, Lines } from "./_context.ts";
import { endsOf, listFolder } from "./_listing.ts";
import { scanSlides } from "./_slide_scan.ts";
import { isPacked } from "./feature_file.ts";
import type { SlidesInspection } from "./inspection.ts";
import { spreadOf } from "./spread.ts";

/** A slide of a folder. */
interface Slide {
  readonly file: SlideFile;
  readonly header: SlideHeader;
}

/** What the files of a folder are. */
export interface Survey extends SlidesInspection {
  /** How many of them are packed, so that they are not slides. */
  readonly packed: number;
}

/**
 * Looks at every feature file below a folder.
 * @param root The folder.
 * @param context How it is read.
 * @returns What the files are like.
 * @throws {DataError} if the folder cannot be searched.
 */
export async function surveySlides(root: string, context: Context): Promise<Survey> {
  const problems = new Lines();
  const found = findSlides(root);
  const { slides, packed, withoutFeatures } = await readHeaders(
    found.files,
    root,
    context,
    problems,
  );
  const chosen = withoutCopies(slides);
  const bags = chosen.filter(({ header }) => header.kind === "bag");
  const vectors = chosen.filter(({ header }) => header.kind === "vector");
  const empty = chosen.filter(({ header }) => header.kind === "empty");
  const names = empty.map(({ file }) => file.relative);
  const used = [...bags, ...vectors];
  problems.add(...differences(bags, vectors));
  if (found.files.length === 0) {
    problems.add(`Cannot use "${root}": it holds no feature file (${SLIDE_FILE_ENDS.join(", ")})`);
  } else if (empty.length > 0 && used.length === 0) {
    problems.add(`Cannot use "${root}": no slide in it has instances`);
  } else if (slides.length === 0 && packed === 0) {
    const keys = context.featureKey ?? FEATURE_KEYS.join(", ");
    problems.add(`Cannot use "${root}": none of its files holds features of a slide (${keys})`);
  }
  const parts = used.map(({ header: { path, key, instances } }) => ({
    ...{ path, instances },
    ...(key !== undefined && { key }),
  }));
  const scan = context.scan && packed === 0
    ? await scanSlides(parts, { root, context, problems })
    : undefined;
  const facts = (
    name: "dtype" | "embedDim",
  ) => [...new Set(used.map(({ header }) => header[name]))];
  return {
    kind: "slides",
    path: root,
    files: endsOf(found.files),
    slides: chosen.length,
    packed,
    layout: vectors.length === 0 ? "bags" : bags.length === 0 ? "vectors" : "mixed",
    dtypes: facts("dtype").map(String).sort(),
    embedDims: facts("embedDim").map(Number).sort((a, b) => a - b),
    ...(bags.length > 0 && {
      instances: spreadOf(bags.map(({ header: { instances } }) => instances)),
    }),
    empty: names,
    ...(scan && { scan }),
    problems: problems.list,
    notices: [
      ...found.notices,
      ...noticesOn({ withoutFeatures, copies: slides.length - chosen.length, empty: names }),
      ...sameNames(chosen),
      ...context.slides ? [] : tableNotices(root),
    ],
  };
}

interface Headers {
  readonly slides: readonly Slide[];
  readonly packed: number;
  readonly withoutFeatures: number;
}

async function readHeaders(
  files: readonly SlideFile[],
  root: string,
  context: Context,
  problems: Lines,
): Promise<Headers> {
  const slides: Slide[] = [];
  let [packed, withoutFeatures] = [0, 0];
  for (const [index, file] of files.entries()) {
    context.signal?.throwIfAborted();
    await attempt(async () => {
      using slide = await openSlide(file.path, context.featureKey);
      if (slide === undefined) withoutFeatures++;
      else if (slide.hdf5 && isPacked(slide.hdf5, context)) packed++;
      else slides.push({ file, header: slide.header });
    }, problems.refuse);
    context.onProgress({ step: "headers", path: root, done: index + 1, total: files.length });
  }
  return { slides, packed, withoutFeatures };
}

/** Of a slide's files with the same name, the one that training would read. */
function withoutCopies(slides: readonly Slide[]): Slide[] {
  const rank = ({ file }: Slide) =>
    SLIDE_FILE_ENDS.findIndex((end) => end === extname(file.path).toLowerCase());
  const groups = Map.groupBy(slides, ({ file }) => bareId(file.stem));
  return [...groups.values()].flatMap((group) => {
    const best = Math.min(...group.map(rank));
    return group.filter((slide) => rank(slide) === best);
  });
}

/** Files that do not fit the others. */
function differences(bags: readonly Slide[], vectors: readonly Slide[]): string[] {
  const lines: string[] = [];
  if (bags.length > 0 && vectors.length > 0) {
    const [{ header: bag }, { header: vector }] = [bags[0], vectors[0]];
    lines.push(
      `Cannot use "${vector.path}": it holds one vector, "${bag.path}" a bag of instances`,
    );
  }
  const widths = Map.groupBy([...bags, ...vectors], ({ header }) => header.embedDim);
  const [most, ...rest] = [...widths.values()].sort((a, b) => b.length - a.length);
  for (const { header } of rest.flat()) {
    const { path, embedDim } = most[0].header;
    lines.push(
      `Cannot use "${header.path}": its features are ${header.embedDim} wide, those of "${path}" ` +
        `${embedDim}`,
    );
  }
  return lines;
}

function noticesOn(
  { withoutFeatures, copies, empty }: {
    readonly withoutFeatures: number;
    readonly copies: number;
    readonly empty: readonly string[];
  },
): string[] {
  return [
    ...withoutFeatures > 0
      ? [`left out: ${counted(withoutFeatures, "HDF5 file")} without features`]
      : [],
    ...copies > 0
      ? [
        `${counted(copies, "file")} of slides that other files hold too: .h5 comes first, then .pt`,
      ]
      : [],
    ...empty.length > 0
      ? [
        `training leaves out ${counted(empty.length, "slide")} without instances: ${quoted(empty)}`,
      ]
      : [],
  ];
}

/** Slides that a table could not tell apart by their names. */
function sameNames(chosen: readonly Slide[]): string[] {
  const groups = [...Map.groupBy(chosen, ({ file }) => bareId(file.stem)).values()]
    .filter(({ length }) => length > 1);
  if (groups.length === 0) return [];
  const [one, other] = groups[0].map(({ file }) => file.relative);
  return [
    `${counted(groups.length, "name")} of slides in several folders, such as ` +
    `${quoted([one, other])}: with tables, inspect one of the folders`,
  ];
}

function tableNotices(root: string): string[] {
  const { tables } = listFolder(root);
  if (tables.length === 0) return [];
  return [`tables found: ${quoted(tables)}; name the one with labels with data.labels_file`];
}
