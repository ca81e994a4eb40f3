/** Labels by path, as a JSON or CSV file gives them. */
import { DataError } from "../../engine/errors.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { columnAt, readTable, shown } from "../../engine/storage/table.ts";
import type { TextOptions } from "../../engine/storage/text_file.ts";
import { comparablePath } from "./_paths.ts";

/** What a file says of a path. */
export interface LabelRow {
  /** The path as it is written. */
  readonly path: string;
  /** The label; absent where the file says nothing, as in an empty cell. */
  readonly label?: string | number | boolean;
  /** Where it stands in the file, for messages. */
  readonly place: string;
}

/** Labels by path. */
export interface LabelTable {
  /** The file. */
  readonly file: string;
  /** The rows by their paths, in the form in which paths are compared. */
  readonly rows: ReadonlyMap<string, LabelRow>;
  /** Lines for the user on what was assumed. */
  readonly notices: readonly string[];
}

/**
 * Reads an object of labels by path.
 * @param file The JSON file.
 * @param options Its encoding.
 * @throws {DataError} if it cannot be read, or a label is not text, a number or a truth value.
 */
export function readJsonLabels(file: string, options: TextOptions): LabelTable {
  const content = readJsonFile(file, options);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new DataError(`Cannot use "${file}": it is not an object of labels by path`, { file });
  }
  const rows = Object.entries(content).map(([path, label], index): LabelRow => {
    const place = `entry ${index}`;
    return { path, label: checkedLabel(label, { file, path, place, index }), place };
  });
  return { file, rows: byPath(file, rows), notices: [] };
}

/**
 * Reads two columns of a table.
 * @param file The CSV file.
 * @param columns Names of the columns of paths and labels.
 * @param options Its encoding.
 * @throws {DataError} if it cannot be read, or a label has no path.
 */
export function readCsvLabels(
  file: string,
  columns: readonly [string, string],
  options: TextOptions,
): LabelTable {
  const table = readTable(file, columns, options);
  const [pathAt, labelAt] = columns.map((name) => columnAt(table, name));
  const rows = table.rows.flatMap(({ cells, line }): LabelRow[] => {
    const { [pathAt]: path = "", [labelAt]: label = "" } = cells;
    const place = `line ${line}`;
    if (path !== "") return [{ path, label: textLabel(label), place }];
    if (label === "") return [];
    throw new DataError(
      `Cannot use "${file}": ${place} has the label ${shown(label)} and no path`,
      {
        file,
        index: line,
      },
    );
  });
  return { file, rows: byPath(file, rows), notices: table.notices };
}

interface LabelPlace {
  readonly file: string;
  readonly path: string;
  readonly place: string;
  readonly index: number;
}

function checkedLabel(label: unknown, { file, path, place, index }: LabelPlace): LabelRow["label"] {
  if (label === null) return undefined;
  if (typeof label === "string") return textLabel(label);
  if (typeof label === "boolean") return label;
  if (typeof label === "number" && Number.isFinite(label)) return label;
  const found = Array.isArray(label) ? "a list" : typeof label === "object" ? "an object" : label;
  const state = `the label of ${shown(path)} (${place}) is ${found}`;
  throw new DataError(`Cannot use "${file}": ${state}, expected text, a number, true or false`, {
    file,
    index,
  });
}

/** Names that look alike are alike, and an empty one is none. */
function textLabel(label: string): string | undefined {
  const name = label.trim().normalize("NFC");
  return name === "" ? undefined : name;
}

function byPath(file: string, rows: readonly LabelRow[]): Map<string, LabelRow> {
  const table = new Map<string, LabelRow>();
  const fail = (state: string) => new DataError(`Cannot use "${file}": ${state}`, { file });
  for (const row of rows) {
    const { path, label, place } = row;
    if (`${path}${label}`.includes("\ufffd")) {
      throw fail(`${place} holds the character U+FFFD, which another program put for lost letters`);
    }
    const key = comparablePath(path);
    const before = table.get(key);
    if (before?.label === undefined) table.set(key, row);
    else if (label !== undefined && String(label) !== String(before.label)) {
      throw fail(contradiction(path, before, row));
    }
  }
  return table;
}

/**
 * Says that two rows give the same image different labels.
 * @param id What the image is called.
 * @param one A row.
 * @param other The other row.
 */
export function contradiction(id: string, one: LabelRow, other: LabelRow): string {
  const [first, second] = [one, other].map(({ label, place }) =>
    `${shown(String(label))} (${place})`
  );
  return `it gives ${shown(id)} the labels ${first} and ${second}`;
}
