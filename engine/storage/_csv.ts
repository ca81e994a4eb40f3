/** Rows of CSV files, as the programs of this world write them. */
import { CsvError, type Options, parse } from "csv-parse/sync";
import { DataError } from "../errors.ts";

/** A row. */
export interface CsvRow {
  /** Number of its line, or the last of its lines, counted from 1. */
  readonly line: number;
  /** Its cells. */
  readonly cells: readonly string[];
}

/** What rows are read with. */
export interface RowOptions {
  readonly delimiter: string;
  /** Takes lines for the user. */
  readonly notices: string[];
}

/**
 * Reads rows. A quote that is not closed, or behind which a text goes on in another line, would
 * swallow rows; where all rows are complete if quotes are taken for letters, they are.
 * @param file The file, for messages.
 * @param text What it holds.
 * @param options The delimiter, and what takes notices.
 * @returns All rows, that of the names of columns too.
 * @throws {DataError} if a quote is not closed.
 */
export function csvRows(file: string, text: string, { delimiter, notices }: RowOptions): CsvRow[] {
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

/**
 * Reads the first row.
 * @param text What the file holds.
 * @param delimiter What separates cells.
 * @returns Its cells.
 */
export function csvColumns(text: string, delimiter: string): readonly string[] {
  return parseCsv(text, { delimiter, to: 1 }).rows[0]?.cells ?? [];
}

interface Parsed {
  /** Rows up to the error. */
  readonly rows: CsvRow[];
  readonly error?: CsvError;
}

function parseCsv(text: string, options: Options): Parsed {
  const rows: CsvRow[] = [];
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
function spansLines({ cells }: CsvRow): boolean {
  return cells.some((cell) => cell.startsWith('"') && /[\r\n]/.test(cell));
}
