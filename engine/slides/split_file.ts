/**
 * Reads splits that were made elsewhere: CLAM's tables, STAMP's and our own JSON.
 * @module
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SPLIT_NAMES, type SplitName } from "../data/data.ts";
import { DataError } from "../errors.ts";
import { UndecidedError } from "./undecided.ts";
import { readJsonFile } from "../storage/json_file.ts";
import { readTable, shown, type Table } from "../storage/table.ts";
import type { TextOptions } from "../storage/text_file.ts";

/** A slide or patient in a split. */
export interface SplitEntry {
  /** Its id, as it is written. */
  readonly id: string;
  /** Where it stands, for messages: `line 3`. */
  readonly place: string;
}

/** Splits as a file gives them. */
export interface GivenSplits {
  /** The file. */
  readonly file: string;
  /** Whether ids are those of patients only. */
  readonly patients: boolean;
  /** What is in each split; one that the file does not know is absent. */
  readonly sides: Readonly<Partial<Record<SplitName, readonly SplitEntry[]>>>;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** Which of a file's splits is wanted. */
export interface SplitFileOptions extends TextOptions {
  /** The fold, asked for only where there are several. */
  readonly fold: () => number | undefined;
}

/**
 * Reads a split: `splits_i.csv` or `splits_i_bool.csv` of CLAM, a folder of them, `splits.json` of
 * STAMP, or `{"train": [...], "val": [...], "test": [...]}`.
 * @param path The file or folder.
 * @param options Fold and encoding.
 * @throws {DataError} if it cannot be read, or holds no split, or several and none is asked for.
 *
 * @example Two splits of three slides
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/splits.json`;
 * await Deno.writeTextFile(path, '{"train": ["a", "b"], "test": ["c"]}');
 * const { sides } = readSplitFile(path, { fold: () => undefined });
 * assertEquals([sides.train?.length, sides.val, sides.test?.[0].id], [2, undefined, "c"]);
 * ```
 */
export function readSplitFile(path: string, options: SplitFileOptions): GivenSplits {
  if (isFolder(path)) return readClamTable(clamFile(path, options.fold()), options);
  return path.toLowerCase().endsWith(".json")
    ? readJsonSplits(path, options)
    : readClamTable(path, options);
}

/**
 * Tells whether a file or folder holds a split for each fold.
 * @param path The file or folder.
 * @param options Encoding.
 *
 * @example A folder of CLAM
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/splits_0.csv`, "");
 * assertEquals(hasFolds(folder), true);
 * ```
 */
export function hasFolds(path: string, options: TextOptions = {}): boolean {
  if (isFolder(path)) return true;
  if (!path.toLowerCase().endsWith(".json")) return false;
  const content = readJsonFile(path, options);
  return isRecord(content) && Array.isArray(content.splits);
}

/**
 * Lists the folds that a file or folder holds a split for.
 * @param path The file or folder.
 * @param options Encoding.
 * @returns Their numbers; none where there is one split only.
 *
 * @example A folder of CLAM
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * for (const fold of [1, 0]) await Deno.writeTextFile(`${folder}/splits_${fold}.csv`, "");
 * assertEquals(listFolds(folder), [0, 1]);
 * ```
 */
export function listFolds(path: string, options: TextOptions = {}): readonly number[] {
  if (isFolder(path)) return foldsIn(path);
  if (!path.toLowerCase().endsWith(".json")) return [];
  const content = readJsonFile(path, options);
  return isRecord(content) && Array.isArray(content.splits) ? [...content.splits.keys()] : [];
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The folds that CLAM's tables in a folder are of. */
function foldsIn(folder: string): number[] {
  const names = readdirSync(folder);
  return [
    ...new Set(names.flatMap((name) => /^splits_(\d+)(_bool)?\.csv$/.exec(name)?.[1] ?? [])),
  ].map(Number).sort((a, b) => a - b);
}

/** The table of a fold. CLAM writes each twice; the one of names comes first. */
function clamFile(folder: string, fold: number | undefined): string {
  const names = readdirSync(folder);
  const folds = foldsIn(folder);
  const wanted = fold ?? (folds.length === 1 ? folds[0] : undefined);
  const list = folds.length === 0 ? "no splits_0.csv" : `folds ${folds.join(", ")}`;
  if (wanted === undefined || !folds.includes(wanted)) {
    const state = wanted === undefined ? "choose one with data.fold" : `there is no fold ${wanted}`;
    const hint = folds.length === 0 ? "" : `: ${state}`;
    const message = `Cannot use "${folder}": it holds ${list}${hint}`;
    if (folds.length > 0) throw undecidedFold(message, folds, folder);
    throw new DataError(message, { file: folder });
  }
  const name = [`splits_${wanted}.csv`, `splits_${wanted}_bool.csv`].find((each) =>
    names.includes(each)
  );
  return join(folder, name!);
}

function undecidedFold(message: string, folds: readonly number[], file: string): UndecidedError {
  return new UndecidedError(message, { option: "fold", candidates: folds.map(String), file });
}

function readClamTable(path: string, options: TextOptions): GivenSplits {
  const table = readTable(path, [], options);
  const places = SPLIT_NAMES.flatMap((side) => {
    const at = table.columns.findIndex((name) => name.toLowerCase() === side);
    return at < 0 ? [] : [{ side, at }];
  });
  if (places.length === 0) {
    throw new DataError(
      `Cannot use "${path}": it has none of the columns train, val, test`,
      { file: path },
    );
  }
  const cells = table.rows.flatMap((row) => places.map(({ at }) => (row.cells[at] ?? "").trim()));
  const isBool = cells.every((cell) => /^(true|false|)$/i.test(cell)) && cells.some(Boolean);
  const sides = Object.fromEntries(places.map(({ side, at }) => [
    side,
    isBool ? idsWhereTrue(table, at) : idsOf(table, at),
  ]));
  return { file: path, patients: false, sides, notices: table.notices };
}

function idsOf({ rows }: Table, at: number): SplitEntry[] {
  return rows.flatMap(({ cells, line }) => {
    const id = (cells[at] ?? "").trim();
    return id === "" ? [] : [{ id, place: `line ${line}` }];
  });
}

function idsWhereTrue({ rows }: Table, at: number): SplitEntry[] {
  return rows.flatMap(({ cells, line }) =>
    (cells[at] ?? "").trim().toLowerCase() === "true"
      ? [{ id: (cells[0] ?? "").trim(), place: `line ${line}` }]
      : []
  );
}

function readJsonSplits(path: string, options: SplitFileOptions): GivenSplits {
  const content = readJsonFile(path, options);
  const fail = (state: string) => new DataError(`Cannot use "${path}": ${state}`, { file: path });
  if (!isRecord(content)) throw fail("it is not an object of lists by split");
  if (Array.isArray(content.splits)) return stampSplit(path, content.splits, options);
  const sides = SPLIT_NAMES.filter((side) => content[side] !== undefined && content[side] !== null);
  if (sides.length === 0) throw fail('it has none of the lists "train", "val", "test"');
  return {
    file: path,
    patients: false,
    sides: Object.fromEntries(sides.map((side) => [side, entries(path, side, content[side])])),
    notices: [],
  };
}

/** One of STAMP's splits, which list patients. */
function stampSplit(
  path: string,
  splits: readonly unknown[],
  { fold }: SplitFileOptions,
): GivenSplits {
  const index = fold() ?? (splits.length === 1 ? 0 : undefined);
  const split = index === undefined ? undefined : splits[index];
  if (!isRecord(split)) {
    const state = index === undefined ? "choose one with data.fold" : `there is no fold ${index}`;
    const message = `Cannot use "${path}": it holds ${splits.length} folds: ${state}`;
    throw undecidedFold(message, [...splits.keys()], path);
  }
  const sides = SPLIT_NAMES.flatMap((side) => {
    const name = `${side}_patients`;
    const list = split[name];
    return list === undefined || list === null
      ? []
      : [[side, entries(path, `splits[${index}].${name}`, list)] as const];
  });
  if (sides.length === 0) {
    const state = `splits[${index}] has none of train_patients, val_patients, test_patients`;
    throw new DataError(`Cannot use "${path}": ${state}`, { file: path });
  }
  return { file: path, patients: true, sides: Object.fromEntries(sides), notices: [] };
}

function entries(path: string, name: string, list: unknown): SplitEntry[] {
  const fail = (state: string) => new DataError(`Cannot use "${path}": ${state}`, { file: path });
  if (!Array.isArray(list)) throw fail(`${shown(name)} is not a list`);
  return list.map((id, index) => {
    if (typeof id === "string") return { id: id.trim(), place: `${name}[${index}]` };
    const found = JSON.stringify(id)?.slice(0, 40);
    throw fail(`${name}[${index}] is ${found}, expected the id of a slide or patient as text`);
  });
}
