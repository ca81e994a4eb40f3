/**
 * Reads what is plotted of feature files: labels and names of all samples, features of those that are
 * chosen.
 * @module
 */
import { basename, extname } from "node:path";
import { SPLIT_NAMES } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import {
  type FeatureFile,
  featureSplit,
  openFeatureFile,
} from "../../engine/features/feature_file.ts";
import { openSource } from "../../engine/features/feature_source.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { sampleIndices, type SampleOptions } from "./sample.ts";
import type { Points } from "./neighbors.ts";

/** A sample that is plotted, without its features. */
export interface Sample {
  /** Its file. */
  readonly file: string;
  /** Its name; its row where it has none. */
  readonly id: string;
  /** Its class. */
  readonly label: number;
  /** The split that its file holds: as the file says, or as its name does, or its name. */
  readonly split: string;
}

/** What is plotted of some files. */
export interface Samples {
  /** Features of the samples. */
  readonly points: Points;
  /** The samples, in the same order. */
  readonly samples: readonly Sample[];
  /** Number of samples in the files. */
  readonly total: number;
  /** Names of the classes by index, where a file says them. */
  readonly classNames: ReadonlyMap<number, string>;
  /** Lines that the user should see. */
  readonly notices: readonly string[];
}

/** A file, and where its samples begin among those of all files. */
interface Part {
  readonly file: FeatureFile;
  readonly split: string;
  readonly ids: readonly string[] | undefined;
  readonly first: number;
}

/**
 * Reads the samples of feature files that are plotted.
 * @param paths The files; all of one width, with one sample per row.
 * @param options How many samples are plotted.
 * @returns The samples in the order of the files.
 * @throws {DataError} if a file cannot be read, holds bags, or is of another width than the first.
 */
export async function readSamples(
  paths: readonly string[],
  options: SampleOptions,
): Promise<Samples> {
  const parts: Part[] = [];
  const classNames = new Map<number, string>();
  let total = 0;
  for (const path of paths) {
    const file = await openFeatureFile(path);
    checkFile(file, parts[0]?.file);
    const { names, ...facts } = await factsOf(file);
    for (const [label, name] of names.entries()) classNames.set(label, name);
    parts.push({ file, first: total, ...facts });
    total += file.length;
  }
  const labels = new Int32Array(total);
  for (const { file, first } of parts) labels.set(file.labels.values, first);
  const indices = sampleIndices(labels, options);
  const width = parts[0].file.embedDim;
  const values = new Float32Array(indices.length * width);
  const samples: Sample[] = [];
  for (const part of parts) {
    const { file, first, split, ids } = part;
    const rows = indices.filter((index) => first <= index && index < first + file.length)
      .map((index) => index - first);
    values.set(await readRows(file, rows), samples.length * width);
    samples.push(...Array.from(rows, (row) => ({
      file: file.path,
      id: ids?.[row] ?? String(row),
      label: file.labels.values[row],
      split,
    })));
  }
  const notices = parts.flatMap(({ file }) => file.notices);
  return { points: { values, length: samples.length, width }, samples, total, classNames, notices };
}

function checkFile({ path, layout, embedDim }: FeatureFile, first: FeatureFile | undefined): void {
  const fail = (state: string) => {
    throw new DataError(`Cannot plot "${path}": ${state}`, { file: path });
  };
  if (layout !== "instance") fail("it holds bags, a point needs one feature vector per sample");
  if (first !== undefined && first.embedDim !== embedDim) {
    fail(`its features have ${embedDim} values, those of "${first.path}" have ${first.embedDim}`);
  }
}

/** Dataset of the samples' names. */
const IDS = "sample_ids";

/** What the file says besides features and labels. */
async function factsOf(
  { path, length }: FeatureFile,
): Promise<Pick<Part, "split" | "ids"> & { readonly names: readonly string[] }> {
  using file = await Hdf5File.open(path);
  const ids = file.kindOf(IDS) === "dataset" ? file.texts(IDS) : undefined;
  if (ids !== undefined && ids.length !== length) {
    const state = `dataset "${IDS}" has ${ids.length} names for ${length} samples`;
    throw new DataError(`Cannot read "${path}": ${state}`, { file: path, dataset: IDS });
  }
  const split = file.text("split") ?? splitInName(path);
  return { ids, split, names: namesIn(file.text("class_names")) };
}

/** `val` of `digits_val.h5`; the whole name where it says no split. */
function splitInName(path: string): string {
  const name = basename(path, extname(path));
  const words = name.toLowerCase().split(/[^a-z]+/);
  return SPLIT_NAMES.find((split) => words.includes(split)) ?? name;
}

/** Names of classes as extraction writes them; a file of another program may mean something else. */
function namesIn(json: string | undefined): readonly string[] {
  try {
    const names: unknown = JSON.parse(json ?? "");
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : [];
  } catch {
    return [];
  }
}

async function readRows(file: FeatureFile, rows: Int32Array): Promise<Float32Array> {
  const source = await openSource(featureSplit(file).source.options);
  try {
    const { features } = await source.read(rows);
    return features;
  } finally {
    source.close();
  }
}
