/** Reads the JSON and CSV files that come with images. */
import { parse } from "csv-parse/sync";
import { DataError } from "../../engine/errors.ts";
import { firstLine } from "../../engine/first_line.ts";
import { FileReader } from "../../engine/storage/file_reader.ts";

function readText(path: string): string {
  using reader = FileReader.open(path);
  return new TextDecoder().decode(reader.read(0, reader.size));
}

/**
 * Reads a JSON file.
 * @param path The file.
 * @throws {DataError} if it is missing or no JSON.
 */
export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = firstLine(cause);
    throw new DataError(`Cannot read "${path}": it is not JSON: ${reason}`, { file: path, cause });
  }
}

/**
 * Reads two columns of a CSV file, or of a file with tabs if its name ends in `.tsv`.
 * @param path The file; its first line names the columns.
 * @param columns Names of the two columns.
 * @returns The rows.
 * @throws {DataError} if it is missing, damaged or lacks a column.
 */
export function readColumns(
  path: string,
  columns: readonly [string, string],
): (readonly [string, string])[] {
  const text = readText(path);
  const delimiter = path.toLowerCase().endsWith(".tsv") ? "\t" : ",";
  const fail = (state: string, cause?: unknown) =>
    new DataError(`Cannot read "${path}": ${state}`, { file: path, cause });
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, delimiter, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw fail(firstLine(cause), cause);
  }
  const [header = [], ...records] = rows;
  const [first, second] = columns.map((column) => {
    const at = header.indexOf(column);
    if (at >= 0) return at;
    throw fail(`it has no column "${column}", its columns are ${quoted(header)}`);
  });
  return records.map((record) => [record[first], record[second]] as const);
}

/**
 * Lists names for a message.
 * @param names The names; many are cut off.
 */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  if (names.length > shown.length) shown.push("…");
  return shown.length === 0 ? "none" : shown.join(", ");
}
