/** Labels by path, as a JSON or CSV file gives them. */
import { DataError } from "../../engine/errors.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { columnAt, readTable, shown } from "../../engine/storage/table.ts";
import type { TextOptions } from "../../engine/storage/text_file.ts";
import { comparablePath } from "./_paths.ts";

/** One label. */
export type Label = string | number | boolean;

/** What a file says of a path. */
export interface LabelRow {
  /** The path as it is written. */
  readonly path: string;
  /** The label, or several; absent where the file says nothing, as in an empty cell. */
  readonly label?: Label | readonly Label[];
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

/** How labels are read. */
export interface LabelOptions extends TextOptions {
  /** Whether an image may have several labels, as a list. @default {false} */
  readonly several?: boolean;
}

/**
 * Reads an object of labels by path.
 * @param file The JSON file.
 * @param options Its encoding, and whether labels may be lists.
 * @throws {DataError} if it cannot be read, or a label is not text, a number or a truth value.
 */
export function readJsonLabels(file: string, options: LabelOptions): LabelTable {
  const content = readJsonFile(file, options);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new DataError(`Cannot use "${file}": it is not an object of labels by path`, { file });
  }
  const rows = Object.entries(content).map(([path, label], index): LabelRow => {
    const place = `entry ${index}`;
    const at = { file, path, place, index };
    return { path, label: options.several ? labelList(label, at) : checkedLabel(label, at), place };
  });
  return { file, rows: byPath(file, rows), notices: [] };
}

/**
 * Reads two columns of a table.
 * @param file The CSV file.
 * @param columns Names of the columns of paths and labels.
 * @param options Its encoding, and whether a cell holds several labels, with `|` between them or as
 *   a JSON list.
 * @throws {DataError} if it cannot be read, or a label has no path.
 */
export function readCsvLabels(
  file: string,
  columns: readonly [string, string],
  options: LabelOptions,
): LabelTable {
  const table = readTable(file, columns, options);
  const [pathAt, labelAt] = columns.map((name) => columnAt(table, name));
  const rows = table.rows.flatMap(({ cells, line }): LabelRow[] => {
    const { [pathAt]: path = "", [labelAt]: label = "" } = cells;
    const place = `line ${line}`;
    if (path !== "") {
      const read = options.several
        ? cellList(label, { file, path, place, index: line })
        : undefined;
      return [{ path, label: read ?? textLabel(label), place }];
    }
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

/** Several labels; a single one is a list of itself. */
function labelList(label: unknown, at: LabelPlace): LabelRow["label"] {
  if (!Array.isArray(label)) {
    const single = checkedLabel(label, at);
    if (typeof single === "string") return namesIn(single);
    return single === undefined ? undefined : [single];
  }
  return label.map((one) => checkedLabel(one, at) ?? refuseLabel(one, at));
}

/** Several labels of a cell; an empty one says nothing, and `[]` says that there are none. */
function cellList(cell: string, at: LabelPlace): LabelRow["label"] {
  const text = cell.trim();
  if (text === "") return undefined;
  if (!text.startsWith("[")) return namesIn(text);
  try {
    return labelList(JSON.parse(text), at);
  } catch (error) {
    if (error instanceof DataError) throw error;
    return refuseLabel(text, at);
  }
}

/** Names with `|` between them. */
function namesIn(text: string): string[] {
  return text.split("|").flatMap((name) => textLabel(name) ?? []);
}

function checkedLabel(label: unknown, at: LabelPlace): Label | undefined {
  if (label === null) return undefined;
  if (typeof label === "string") return textLabel(label);
  if (typeof label === "boolean") return label;
  if (typeof label === "number" && Number.isFinite(label)) return label;
  return refuseLabel(label, at);
}

function refuseLabel(label: unknown, { file, path, place, index }: LabelPlace): never {
  const found = Array.isArray(label)
    ? "a list"
    : typeof label === "object" && label !== null
    ? "an object"
    : label;
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
