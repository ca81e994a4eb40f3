/**
 * Reads tables with named columns: CSV with any of the usual delimiters and line ends.
 * @module
 */
import { CsvError, type Options, parse } from "csv-parse/sync";
import { DataError } from "../errors.ts";
import { escapeControls, readTextFile, type TextOptions } from "./text_file.ts";

/**
 * A row of a table.
 * @category Tables
 */
export interface TableRow {
  /** Number of its line, or the last of its lines, counted from 1. */
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

/** What separates cells, and what messages call it. */
const DELIMITERS: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
]);

/**
 * Reads a CSV file, or one with tabs if its name ends in `.tsv`. Where the first line names the
 * needed columns only with another delimiter, the file is read with that one. Lines end with LF, CR
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
  const [header, ...rows] = parseRows(file, text, { delimiter, notices });
  const columns = (header?.cells ?? []).map(nameOf);
  for (const name of needed) requireColumn(file, columns, name);
  return { file, columns, rows: rows.flatMap((row) => fitRow(file, row, columns)), notices };
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
  const fits = (delimiter: string) => {
    const columns = parseCsv(text, { delimiter, to: 1 }).rows[0]?.cells.map(nameOf) ?? [];
    return needed.every((name) => columns.includes(nameOf(name)));
  };
  return [usual, ...DELIMITERS.keys()].find(fits) ?? usual;
}

function requireColumn(file: string, columns: readonly string[], wanted: string): void {
  const count = columns.filter((name) => name === nameOf(wanted)).length;
  if (count === 1) return;
  const state = count === 0
    ? `it has no column "${wanted}", its columns are ${quoted(columns)}`
    : `it has ${count} columns "${wanted}"`;
  throw new DataError(`Cannot read "${file}": ${state}`, { file });
}

function fitRow(file: string, { line, cells }: TableRow, columns: readonly string[]): TableRow[] {
  if (cells.every((cell) => cell === "")) return [];
  const width = columns.length;
  if (cells.slice(width).some((cell) => cell !== "")) {
    const state = `line ${line} has ${cells.length} cells, the first line names ${width} columns`;
    throw new DataError(`Cannot read "${file}": ${state}`, { file });
  }
  return [{ line, cells }];
}

/** What rows are read with. */
interface RowOptions {
  readonly delimiter: string;
  /** Takes lines for the user. */
  readonly notices: string[];
}

/**
 * Reads rows. A quote that is not closed, or behind which a text goes on in another line, would
 * swallow rows; where all rows are complete if quotes are taken for letters, they are.
 */
function parseRows(file: string, text: string, { delimiter, notices }: RowOptions): TableRow[] {
  const { rows, error } = parseCsv(text, { delimiter });
  if (error && error.code !== "CSV_QUOTE_NOT_CLOSED") {
    const reason = error.message.split("\n")[0];
    throw new DataError(`Cannot read "${file}": ${reason}`, { file, cause: error });
  }
  const broken = error ? rows.length : text.includes('"""') ? -1 : rows.findIndex(spansLines);
  if (broken < 0) return rows;
  const line = broken === 0 ? 1 : rows[broken - 1]!.line + 1;
  const plain = parseCsv(text, { delimiter, quote: false }).rows;
  if (!plain.every(({ cells }) => cells.length === plain[0]!.cells.length)) {
    const state = `a quote in line ${line} is not closed in that line`;
    throw new DataError(`Cannot read "${file}": ${state}`, { file, cause: error });
  }
  notices.push(`quotes of "${file}" are read as letters, one in line ${line} is not closed`);
  return plain;
}

interface Parsed {
  /** Rows up to the error. */
  readonly rows: TableRow[];
  readonly error?: CsvError;
}

function parseCsv(text: string, options: Options): Parsed {
  const rows: TableRow[] = [];
  try {
    parse(text, {
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      ltrim: true,
      ...options,
      on_record(cells: string[], { lines }) {
        rows.push({ line: lines, cells: cells.map(options.quote === false ? trim : unquote) });
        return null;
      },
    });
    return { rows };
  } catch (error) {
    if (error instanceof CsvError) return { rows, error };
    throw error;
  }
}

function trim(cell: string): string {
  return cell.trim();
}

/** The parser leaves a text as it stands if its quotes do not enclose all of it, spaces included. */
function unquote(cell: string): string {
  return (/^"([^"]*)"\s+$/.exec(cell)?.[1] ?? cell).trim();
}

/** Whether a cell goes on behind its closing quote, in another line than it began. */
function spansLines({ cells }: TableRow): boolean {
  return cells.some((cell) => cell.startsWith('"') && /[\r\n]/.test(cell));
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
