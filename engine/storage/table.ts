/**
 * Reads tables with named columns: CSV with any of the usual delimiters and line ends, and Excel
 * workbooks.
 * @module
 */
import { DataError } from "../errors.ts";
import { csvColumns, csvRows } from "./_csv.ts";
import { readWorkbook } from "./_workbook.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { FileReader } from "./file_reader.ts";
import { escapeControls, readTextFile, type TextOptions } from "./text_file.ts";

/**
 * A row of a table.
 * @category Tables
 */
export interface TableRow {
  /** Number of its line, or the last of its lines, or of its row in a sheet, counted from 1. */
  readonly line: number;
  /** Its cells; there may be fewer than columns. */
  readonly cells: readonly string[];
}

/**
 * A table with named columns.
 * @category Tables
 */
export interface Table {
  /** The file. */
  readonly file: string;
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** The rows that are not empty. */
  readonly rows: readonly TableRow[];
  /** Lines for the user on what was assumed. */
  readonly notices: readonly string[];
}

/**
 * How a table is read.
 * @category Tables
 */
export interface TableOptions extends TextOptions {
  /** Names of columns that must be there. @default {none} */
  readonly needed?: readonly string[];
}

/** What separates cells, and what messages call it. */
const DELIMITERS: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
]);

/** Names of workbooks, and of spreadsheets that are not read. */
const WORKBOOK = /\.xlsx$/i;
const OTHER_SPREADSHEETS = /\.(xls|xlsb|xlsm|ods)$/i;

/**
 * Reads a table: an Excel workbook if its name ends in `.xlsx`, text otherwise, as
 * {@linkcode readTable} does. Of a workbook, it is the first sheet that has rows. Cells are read as
 * text: numbers in as few digits as tell them apart, dates as `2024-01-31`, with a time as
 * `2024-01-31T12:30:00`, truth values as `true` and `false`, formulas as what they gave when the file
 * was saved.
 * @param file The file.
 * @param options Columns that are needed, and the encoding of text.
 * @returns The table.
 * @throws {DataError} if it is missing, of another format or damaged, lacks a column, a row does not
 * fit, or a cell of a workbook holds an error.
 *
 * @example A table of any columns
 * ```ts
 * import { openTable } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/patients.csv`;
 * await Deno.writeTextFile(file, "patient;age\n007;61\n");
 * const { columns, rows } = await openTable(file);
 * assertEquals(columns, ["patient", "age"]);
 * assertEquals(rows, [{ line: 2, cells: ["007", "61"] }]);
 * ```
 *
 * @category Tables
 */
export async function openTable(file: string, options: TableOptions = {}): Promise<Table> {
  const { needed = [], ...text } = options;
  if (WORKBOOK.test(file)) {
    const { rows, notices } = await readWorkbook(file);
    return tableOf(file, rows, { needed, notices, unit: "row" });
  }
  requireText(file);
  return readTable(file, needed, text);
}

/** Refuses spreadsheets in other formats, which text readers would say odd things of. */
function requireText(file: string): void {
  using reader = FileReader.open(file);
  const start = reader.start(FILE_START);
  const kind = fileKind(start);
  const spreadsheet = OTHER_SPREADSHEETS.exec(file)?.[0];
  if (kind !== "zip" && kind !== "office" && !spreadsheet) return;
  const state = spreadsheet
    ? `${spreadsheet} files are not read`
    : describeWrongFile(start, "a text file");
  throw new DataError(`Cannot read "${file}": ${state}: save it as .xlsx or .csv`, { file });
}

/**
 * Reads a CSV file, or one with tabs if its name ends in `.tsv`. Where the first line names the
 * needed columns only with another delimiter, the file is read with that one; where no columns are
 * needed, with the one that gives the most. Lines end with LF, CR
 * or both, each as it does. A short row has no cells at its end; a long one is an error, since its
 * cells may be shifted.
 * @param file The file; its first line names the columns.
 * @param needed Names of columns that must be there.
 * @param options Its encoding.
 * @returns The table.
 * @throws {DataError} if it is missing, not text, lacks a column, or a row does not fit.
 *
 * @example A table of labels
 * ```ts
 * import { readTable } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${Deno.makeTempDirSync()}/labels.csv`;
 * Deno.writeTextFileSync(file, "path;label\na.png;cat\n");
 * const table = readTable(file, ["path", "label"]);
 * assertEquals(table.rows, [{ line: 2, cells: ["a.png", "cat"] }]);
 * assertEquals(table.notices, [`"${file}" is read as separated by semicolons`]);
 * ```
 *
 * @category Tables
 */
export function readTable(
  file: string,
  needed: readonly string[],
  options: TextOptions = {},
): Table {
  const text = readTextFile(file, options);
  const usual = file.toLowerCase().endsWith(".tsv") ? "\t" : ",";
  const delimiter = delimiterOf(text, needed, usual);
  const notices = delimiter === usual
    ? []
    : [`"${file}" is read as separated by ${DELIMITERS.get(delimiter)}`];
  const rows = csvRows(file, text, { delimiter, notices });
  return tableOf(file, rows, { needed, notices, unit: "line" });
}

/** What a table is made with. */
interface TableParts {
  readonly needed: readonly string[];
  readonly notices: readonly string[];
  /** What messages call a row. */
  readonly unit: "line" | "row";
}

/** A table of rows, the first of which names the columns. */
function tableOf(
  file: string,
  [header, ...rows]: readonly TableRow[],
  { needed, notices, unit }: TableParts,
): Table {
  const columns = (header?.cells ?? []).map(nameOf);
  for (const name of needed) requireColumn(file, columns, name);
  const fitting = rows.flatMap((row) => fitRow(row, { file, columns, unit }));
  return { file, columns, rows: fitting, notices };
}

/**
 * Finds a column.
 * @param table The table.
 * @param name Name of the column, one of those that {@linkcode readTable} needed.
 * @returns Its place in every row.
 *
 * @example The second column
 * ```ts
 * import { columnAt } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const table = { file: "a.csv", columns: ["path", "label"], rows: [], notices: [] };
 * assertEquals(columnAt(table, "label"), 1);
 * ```
 *
 * @category Tables
 */
export function columnAt({ columns }: Table, name: string): number {
  return columns.indexOf(nameOf(name));
}

/** The form in which names of columns are compared. */
function nameOf(name: string): string {
  return name.trim().normalize("NFC");
}

function delimiterOf(text: string, needed: readonly string[], usual: string): string {
  const candidates = [usual, ...DELIMITERS.keys()].map((delimiter) => ({
    delimiter,
    columns: csvColumns(text, delimiter).map(nameOf),
  }));
  const most = Math.max(...candidates.map(({ columns }) => columns.length));
  const fits = (columns: readonly string[]) =>
    needed.length === 0
      ? columns.length === most
      : needed.every((name) => columns.includes(nameOf(name)));
  return candidates.find(({ columns }) => fits(columns))?.delimiter ?? usual;
}

function requireColumn(file: string, columns: readonly string[], wanted: string): void {
  const count = columns.filter((name) => name === nameOf(wanted)).length;
  if (count === 1) return;
  const state = count === 0
    ? `it has no column "${wanted}", its columns are ${quoted(columns)}`
    : `it has ${count} columns "${wanted}"`;
  throw new DataError(`Cannot read "${file}": ${state}`, { file });
}

function fitRow(
  { line, cells }: TableRow,
  { file, columns, unit }: Pick<Table, "file" | "columns"> & Pick<TableParts, "unit">,
): TableRow[] {
  if (cells.every((cell) => cell === "")) return [];
  const width = columns.length;
  if (cells.slice(width).some((cell) => cell !== "")) {
    const state =
      `${unit} ${line} has ${cells.length} cells, the first ${unit} names ${width} columns`;
    throw new DataError(`Cannot read "${file}": ${state}`, { file });
  }
  return [{ line, cells }];
}

/** Characters of a text that a message shows. */
const MOST_SHOWN = 120;

/**
 * Puts a text from a file into quotes, on one line and not at any length.
 * @param text The text.
 * @returns The text as a message shows it.
 *
 * @example A name with a line break
 * ```ts
 * import { shown } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shown("a\nb"), '"a\\nb"');
 * ```
 *
 * @category Tables
 */
export function shown(text: string): string {
  const short = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  return `"${escapeControls(short)}"`;
}

/**
 * Lists names for a message.
 * @param names The names; many are cut off.
 * @returns The names as a message shows them.
 *
 * @example Columns of a table
 * ```ts
 * import { quoted } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quoted(["path", "label"]), '"path", "label"');
 * assertEquals(quoted([]), "none");
 * ```
 *
 * @category Tables
 */
export function quoted(names: readonly string[]): string {
  const some = names.slice(0, 8).map(shown);
  if (names.length > some.length) some.push("…");
  return some.length === 0 ? "none" : some.join(", ");
}
