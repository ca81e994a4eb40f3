/** What is to be predicted for an image: the folder that it is in, or what a table says. */
import { DataError } from "../../engine/errors.ts";
import { quoted, shown } from "../../engine/storage/table.ts";
import type { ImageEntry } from "./_image_splits.ts";
import { contradiction, type Label, type LabelRow, type LabelTable } from "./_label_table.ts";
import { comparablePath, nearestPath } from "./_paths.ts";
import { RowOwners, type SplitImage } from "./_row_owners.ts";

/** Says what is to be predicted for images. */
export interface LabelSource {
  /** Where that is said, for messages: a folder or a file. */
  readonly place: string;
  /** Names of the classes by index, where they have any. */
  readonly classNames?: readonly string[];
  /**
   * The target of an image: index of its class, or a value; of several labels a 0 or 1 for each class.
   * @param image The image.
   * @param split Name of its split.
   * @returns The target; `undefined` if nothing says it.
   * @throws {DataError} if what is said is not a target.
   */
  labelOf(image: ImageEntry, split: string): number | readonly number[] | undefined;
  /**
   * Why an image has no target, as the end of a sentence.
   * @param image The image.
   * @param split Name of its split.
   */
  whyNone?(image: ImageEntry, split: string): string;
  /** Lines for the user, once all images are known. */
  notices?(): readonly string[];
}

/** Which folders are classes. */
export interface FolderLabelOptions {
  /** Folder of all images. */
  readonly place: string;
  /** Names of the splits, which are not classes. */
  readonly splitNames: readonly string[];
  /** Names of the classes by index. */
  readonly classNames: readonly string[];
}

/** Name of the folder that says an image's class: the first below its split, or of all. */
export function classFolder(
  { id }: ImageEntry,
  splitNames: readonly string[],
): string | undefined {
  const folders = id.normalize("NFC").split("/").slice(0, -1);
  return splitNames.includes(folders[0]) ? folders[1] : folders[0];
}

/** Classes that are folders. */
export function labelsFromFolders(options: FolderLabelOptions): LabelSource {
  const { place, splitNames, classNames } = options;
  const indices = new Map(classNames.map((name, index) => [name, index]));
  return {
    place,
    classNames,
    labelOf(image) {
      const name = classFolder(image, splitNames);
      const label = name === undefined ? undefined : indices.get(name);
      if (label !== undefined) return label;
      const state = name === undefined
        ? `it is in no folder of a class below "${place}"`
        : `its folder "${name}" is not a class, the classes are ${quoted(classNames)}`;
      throw new DataError(`Cannot use "${image.file}": ${state}`, { file: image.file });
    },
  };
}

/** What the labels of a table are for. */
export interface TableLabelOptions {
  /** Folders that its paths may begin below, the first of them first. */
  readonly folders: readonly string[];
  /** Whether labels are values instead of classes. */
  readonly regression: boolean;
  /** Number of classes, where an image may be of any number of them. */
  readonly multilabel?: number;
  /** Label of images that are of none of them. */
  readonly noneLabel?: string;
  /** Names of the classes by index. */
  readonly classNames: readonly string[] | null;
  /** Finds all images of the dataset. */
  readonly images: () => Iterable<SplitImage>;
}

/** Labels that a table gives for paths. */
export function labelsFromTable(table: LabelTable, options: TableLabelOptions): LabelSource {
  const { file, rows } = table;
  const { regression, multilabel, noneLabel, images, folders } = options;
  const classNames = regression ? undefined : namesOfClasses(table, options);
  const parse = multilabel === undefined
    ? targetParser(file, { regression, classNames })
    : multilabelParser(file, { count: multilabel, classNames, noneLabel });
  let owners: RowOwners | undefined;
  const find = () => owners ??= new RowOwners(new Set(rows.keys()), images(), folders);
  return {
    place: file,
    classNames,
    labelOf(image, split) {
      const found = find().rowsOf({ image, split }).map((path) => rows.get(path)!)
        .filter(({ label }) => label !== undefined);
      const [first] = found;
      const other = found.find(({ label }) => String(label) !== String(first.label));
      if (other) throw failure(file, contradiction(image.id, first, other));
      return first && parse(first);
    },
    whyNone: (image, split) => whyNone(table, find(), { image, split }),
    notices: () => [
      ...table.notices,
      ...(regression || multilabel || options.classNames ? [] : numbersAsNames(table)),
      ...unusedRows(table, find()),
    ],
  };
}

function failure(file: string, state: string): DataError {
  return new DataError(`Cannot use "${file}": ${state}`, { file });
}

/** What targets of a table are. */
interface TargetKind {
  readonly regression: boolean;
  readonly classNames?: readonly string[];
}

/** Numbers as Python and this program write them; not hexadecimal, and not an empty text. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a label is; NaN for others. */
function numberOf(label: LabelRow["label"]): number {
  if (typeof label === "number") return label;
  return typeof label === "string" && NUMBER.test(label) ? Number(label) : NaN;
}

function targetParser(file: string, { regression, classNames }: TargetKind) {
  return ({ path, label, place }: LabelRow): number => {
    const named = classNames?.indexOf(String(label)) ?? -1;
    if (named >= 0) return named;
    const value = numberOf(label);
    if (regression ? Number.isFinite(value) : Number.isSafeInteger(value) && value >= 0) {
      return value;
    }
    const expected = regression
      ? "a number"
      : classNames
      ? `one of ${quoted(classNames)}`
      : "a class, a whole number from 0";
    const found = typeof label === "string" ? shown(label) : label;
    throw failure(file, `the label of ${shown(path)} (${place}) is ${found}, expected ${expected}`);
  };
}

/** What several labels are. */
interface LabelLists {
  readonly count: number;
  readonly classNames?: readonly string[];
  readonly noneLabel?: string;
}

/** A 0 or 1 for each class, from as many numbers or from names. */
function multilabelParser(file: string, { count, classNames = [], noneLabel }: LabelLists) {
  return ({ path, label, place }: LabelRow): readonly number[] => {
    const labels = [label ?? []].flat();
    if (labels.length === count && labels.every(isBinary)) return labels.map(Number);
    const names = labels.filter((name) => name !== noneLabel);
    const wrong = names.find((name) => typeof name !== "string" || !classNames.includes(name));
    if (wrong === undefined) {
      return Array.from({ length: count }, (_, index) => names.includes(classNames[index]) ? 1 : 0);
    }
    const expected = classNames.length === 0
      ? `a 0 or 1 for each of ${count} classes`
      : `names out of ${quoted(classNames)}`;
    const found = JSON.stringify(labels).slice(0, MAX_SHOWN);
    throw failure(file, `the label of ${shown(path)} (${place}) is ${found}, expected ${expected}`);
  };
}

/** Characters of a list that a message repeats. */
const MAX_SHOWN = 100;

function isBinary(label: Label): boolean {
  return [0, 1, true, false].includes(label as number | boolean);
}

/** Names of classes: those given; else all labels, sorted, unless all of them are numbers. */
function namesOfClasses(
  { rows }: LabelTable,
  { classNames: given, multilabel, noneLabel }: TableLabelOptions,
): readonly string[] | undefined {
  if (given) return given.map((name) => name.normalize("NFC"));
  const labels = [...rows.values()].flatMap(({ label }): readonly Label[] => [label ?? []].flat());
  if (multilabel !== undefined) {
    const names = labels.filter((label) => typeof label === "string" && label !== noneLabel);
    return names.length === 0 ? undefined : [...new Set(names.map(String))].sort();
  }
  if (labels.every((label) => !Number.isNaN(numberOf(label)))) return undefined;
  // In JSON, half a number among names is a mistake; in CSV, where all is text, it may be a name.
  const names = labels.filter((label) => typeof label !== "number" || Number.isInteger(label));
  return [...new Set(names.map(String))].sort();
}

/** Says that numbers are taken for names since others are not numbers, such as `nan`. */
function numbersAsNames({ file, rows }: LabelTable): string[] {
  const labels = [...rows.values()].filter(({ label }) => label !== undefined);
  const isNumber = ({ label }: LabelRow) => !Number.isNaN(numberOf(label));
  const word = labels.find((row) => !isNumber(row));
  const numbers = labels.filter(isNumber).length;
  if (word === undefined || numbers === 0) return [];
  const { label, place } = word;
  const count = `${numbers} of ${labels.length} labels of "${file}" are numbers`;
  return [`${count} and read as names of classes: ${shown(String(label))} (${place}) is not one`];
}

/** Why a table labels an image with none of its rows. */
function whyNone({ rows }: LabelTable, owners: RowOwners, image: SplitImage): string {
  const shared = owners.sharedRow(image);
  const row = shared && rows.get(shared.row)!;
  if (row && shared.ids.includes(image.image.id)) {
    return shared.ids.length === 1
      ? `, the label in ${row.place} is empty`
      : `, ${shown(row.path)} (${row.place}) may be ${quoted(shared.ids)}`;
  }
  if (row) return `, ${shown(row.path)} (${row.place}) labels ${quoted(shared.ids)}`;
  const near = nearestPath(comparablePath(image.image.id), rows.keys());
  if (near === undefined) return ", it has no labels at all";
  const { path, place } = rows.get(near)!;
  return `, the nearest of its paths is ${shown(path)} (${place})`;
}

/** Counts the rows that label no image. */
function unusedRows({ file, rows }: LabelTable, owners: RowOwners): string[] {
  const unused = owners.unused().map((path) => rows.get(path)!)
    .filter(({ label }) => label !== undefined);
  if (unused.length === 0) return [];
  const [{ path, place }] = unused;
  const count = `${unused.length} of ${rows.size} labels of "${file}" belong to no image`;
  return [`${count}, such as ${shown(path)} (${place})`];
}
