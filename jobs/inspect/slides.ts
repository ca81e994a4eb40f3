/**
 * Inspects a folder of slides with its tables, by the rules by which training reads it.
 * @module
 */
import { findSlides } from "../../engine/slides/find_slides.ts";
import { readSlideData, type SlideData, type SlideSample } from "../../engine/slides/slide_data.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { type Context, Lines, type SlideOptions } from "./_context.ts";
import { endsOf } from "./_listing.ts";
import { scanSlides } from "./_slide_scan.ts";
import type { SlidesInspection, SlideTableFacts } from "./inspection.ts";
import { type Division, divisionsOf } from "./divisions.ts";
import { spreadOf } from "./spread.ts";
import { surveySlides } from "./survey.ts";
import { type CountedSample, targetFacts } from "./targets.ts";

/**
 * Inspects a folder.
 * @param root The folder.
 * @param options Tables, columns and splits.
 * @param context How it is read.
 * @returns What it holds. Where the tables cannot be used, what its files are like without them.
 * @throws {DataError} if the folder cannot be searched.
 */
export async function inspectSlides(
  root: string,
  options: SlideOptions,
  context: Context,
): Promise<SlidesInspection> {
  const problems = new Lines();
  const { signal, onProgress } = context;
  const onHeader = (done: number, total: number) => {
    signal?.throwIfAborted();
    onProgress({ step: "headers", path: root, done, total });
  };
  const read = () => readSlideData(root, options, onHeader, problems.refuse);
  const data = await attempt(read, problems.refuse);
  if (data === undefined) {
    const { packed: _, ...survey } = await surveySlides(root, context);
    return { ...survey, problems: [...problems.list, ...survey.problems] };
  }
  const divisions = await divisionsOf(data, options, problems);
  const parts = data.samples.flatMap((sample) => sample.parts);
  const scan = context.scan ? await scanSlides(parts, { root, context, problems }) : undefined;
  return {
    kind: "slides",
    path: root,
    files: endsOf(findSlides(root).files),
    slides: parts.length + data.leftOut.empty.length,
    layout: data.bags ? "bags" : "vectors",
    dtypes: data.dtype.split(", "),
    embedDims: [data.embedDim],
    ...(data.bags && { instances: spreadOf(data.samples.map(lengthOf)) }),
    empty: data.leftOut.empty,
    table: tableFacts(data, divisions, options),
    ...(scan && { scan }),
    problems: problems.list,
    notices: [...new Set([...data.notices, ...divisions.flatMap(({ notices }) => notices)])],
  };
}

function lengthOf({ parts }: SlideSample): number {
  return parts.reduce((sum, { instances }) => sum + instances, 0);
}

function tableFacts(
  data: SlideData,
  divisions: readonly Division[],
  { bag_level }: SlideOptions,
): SlideTableFacts {
  const { table, encoding, leftOut } = data;
  // Counts by split make sense for one division only.
  const sides = divisions.length === 1 ? divisions[0].sides : undefined;
  const samples = data.samples.map(({ targets, patient }, at): CountedSample => ({
    targets,
    ...(table.hasPatients && { patient }),
    ...(sides?.[at] && { side: sides[at] }),
  }));
  const { withoutFile, withoutRow, withoutLabel, ignored } = leftOut;
  return {
    file: table.file,
    labelColumns: table.labelColumns,
    rows: table.rows.length,
    hasPatients: table.hasPatients,
    bagLevel: data.bags ? bag_level : "slide",
    targets: targetFacts(samples, encoding),
    splits: divisions.map(({ facts }) => facts),
    ...{ withoutFile, withoutRow, withoutLabel, ignored },
  };
}
