/** What is to be predicted for an image: the folder that it is in, or what a table says. */
import { basename, extname, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { type ImageEntry, pathBelow } from "./_image_splits.ts";
import { quoted, readColumns, readJson } from "./_tables.ts";

/** Says what is to be predicted for images. */
export interface LabelSource {
  /** Where that is said, for messages: a folder or a file. */
  readonly place: string;
  /** Names of the classes by index, where they have any. */
  readonly classNames?: readonly string[];
  /**
   * The target of an image: index of its class, or a value.
   * @param image The image.
   * @param split Name of its split.
   * @returns The target; `undefined` if nothing says it.
   * @throws {DataError} if what is said is not a target.
   */
  labelOf(image: ImageEntry, split: string): number | undefined;
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
  const folders = id.split("/").slice(0, -1);
  return splitNames.includes(folders[0]) ? folders[1] : folders[0];
}

/** Classes that are folders. */
export function labelsFromFolders(options: FolderLabelOptions): LabelSource {
  const { place, splitNames, classNames } = options;
  return {
    place,
    classNames,
    labelOf(image) {
      const name = classFolder(image, splitNames);
      const label = name === undefined ? -1 : classNames.indexOf(name);
      if (label >= 0) return label;
      const state = name === undefined
        ? `it is in no folder of a class below "${place}"`
        : `its folder "${name}" is not a class, the classes are ${quoted(classNames)}`;
      throw new DataError(`Cannot use "${image.file}": ${state}`, { file: image.file });
    },
  };
}

/** How a table of labels is read. */
export interface TableLabelOptions {
  /** Folders that its paths may begin below, the first of them first. */
  readonly folders: readonly string[];
  /** Names of the path and label columns for CSV; absent for JSON. */
  readonly columns?: readonly [string, string];
  /** Whether labels are values instead of classes. */
  readonly regression: boolean;
  /** Names of the classes by index. */
  readonly classNames: readonly string[] | null;
}

/** Labels that a JSON or CSV file gives for paths. */
export function labelsFromTable(place: string, options: TableLabelOptions): LabelSource {
  const table = options.columns ? readCsvLabels(place, options.columns) : readJsonLabels(place);
  const classNames = options.regression ? undefined : namesOfClasses(table, options.classNames);
  const fail = (state: string) => new DataError(`Cannot use "${place}": ${state}`, { file: place });
  const parse = (path: string, label: unknown): number => {
    const named = classNames?.indexOf(String(label)) ?? -1;
    if (named >= 0) return named;
    const value = typeof label === "number" ? label : Number(label);
    if (Number.isInteger(value) && value >= 0 || options.regression && Number.isFinite(value)) {
      return value;
    }
    const expected = options.regression
      ? "a number"
      : classNames
      ? `one of ${quoted(classNames)}`
      : "a class";
    throw fail(`the label of "${path}" is ${JSON.stringify(label)}, expected ${expected}`);
  };
  return {
    place,
    classNames,
    labelOf(image, split) {
      const path = pathsOf(image, split, options.folders).find((path) => table.has(path));
      return path === undefined ? undefined : parse(path, table.get(path));
    },
  };
}

type Table = ReadonlyMap<string, unknown>;

/** A label that is nothing, as in an empty cell, is none. */
function isLabel(label: unknown): boolean {
  return label !== null && label !== "";
}

function readJsonLabels(place: string): Table {
  const content = readJson(place);
  if (typeof content === "object" && content !== null && !Array.isArray(content)) {
    return new Map(Object.entries(content).filter(([, label]) => isLabel(label)));
  }
  throw new DataError(`Cannot use "${place}": it is not an object of labels by path`, {
    file: place,
  });
}

function readCsvLabels(place: string, columns: readonly [string, string]): Table {
  const table = new Map<string, string>();
  for (const [path, label] of readColumns(place, columns)) {
    if (!isLabel(label)) continue;
    const before = table.get(path);
    if (before !== undefined && before !== label) {
      throw new DataError(
        `Cannot use "${place}": it gives "${path}" the labels "${before}" and "${label}"`,
        { file: place },
      );
    }
    table.set(path, label);
  }
  return table;
}

/** Names of classes: those given; else all labels, sorted, unless all of them are numbers. */
function namesOfClasses(
  table: Table,
  given: readonly string[] | null,
): readonly string[] | undefined {
  if (given) return given;
  const labels = [...new Set([...table.values()].map(String))];
  const numbers = labels.every((label) => Number.isInteger(Number(label)));
  return numbers ? undefined : labels.sort();
}

/** What a table may call an image, the most exact first. */
function pathsOf(
  { file, listed }: ImageEntry,
  split: string,
  folders: readonly string[],
): readonly string[] {
  const places = [...folders, ...folders.map((folder) => join(folder, split))];
  const below = places.flatMap((folder) => pathBelow(folder, file) ?? []);
  const paths = listed === undefined ? below : [listed, ...below];
  const name = basename(file);
  return [...paths, ...paths.map(withoutEnd), name, withoutEnd(name)];
}

function withoutEnd(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
