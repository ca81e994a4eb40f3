/**
 * Reads Excel workbooks (`.xlsx`) as texts, as a person sees them in the first sheet with rows.
 *
 * The library leaves cells empty that hold an error, or a formula that no program has computed. It
 * also unpacks without a limit, large files in workers. So the archive is unpacked here, within
 * bounds, and packed again without compression, with those cells marked.
 */
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { FileReader } from "./file_reader.ts";
import { escapeControls, MOST_TEXT_BYTES } from "./text_file.ts";
import { ZipReader } from "./torch/zip_reader.ts";
import { zipChunks, type ZipEntry } from "./torch/zip_writer.ts";

/** Most cells that the corner cells of a sheet may span: the library makes room for all of them. */
const MOST_CELLS = 1 << 26;

/** What to do about a file that is not a workbook. */
const SAVE_AGAIN = "save it as .xlsx or .csv";

/** Parts of a workbook that tables do without. */
const UNNEEDED = /^(docProps|xl\/(theme|charts|drawings|pivot\w*))\//;

/** A row of a sheet. */
export interface SheetRow {
  /** Its number in the sheet, counted from 1. */
  readonly line: number;
  /** Its cells, without empty ones at its end. */
  readonly cells: readonly string[];
}

/** A sheet that was read. */
export interface WorkbookSheet {
  /** The rows that are not empty. */
  readonly rows: readonly SheetRow[];
  /** Lines for the user on what was assumed. */
  readonly notices: readonly string[];
}

/** How cells are marked that the library does not read as they are. */
interface Marks {
  readonly error: string;
  readonly formula: string;
  readonly date: string;
}

/**
 * Reads the first sheet that has rows.
 * @param path The `.xlsx` file.
 * @returns Its rows; none if all sheets are empty.
 * @throws {DataError} if it is not a workbook, is damaged, or a cell holds an error or a formula
 * without a value.
 */
export async function readWorkbook(path: string): Promise<WorkbookSheet> {
  const id = crypto.randomUUID();
  const marks = { error: `${id}e`, formula: `${id}f`, date: `${id}d` };
  const archive = new Blob([...zipChunks(unpack(path, marks))] as BlobPart[]);
  const { default: read } = await import("read-excel-file/universal");
  const sheets = await read<string>(archive, { parseNumber: numberText }).catch((cause) => {
    const why = cause instanceof TypeError ? "a part of it is missing" : firstLine(cause);
    throw fail(path, `the workbook is damaged, ${escapeControls(why)}; ${SAVE_AGAIN}`, cause);
  });
  // A sheet that is only a chart has no data.
  const used = sheets.filter(({ data }) => data?.some((row) => row.some((cell) => cell !== null)));
  const [first] = used;
  if (!first) return { rows: [], notices: [] };
  const others = used.length - 1;
  const notices = others === 0 ? [] : [
    `sheet "${escapeControls(first.sheet)}" of "${path}" is read, ` +
    `${others} ${others === 1 ? "other sheet has" : "other sheets have"} rows too`,
  ];
  return { rows: textRows(path, first.data, marks), notices };
}

function fail(file: string, state: string, cause?: unknown): DataError {
  return new DataError(`Cannot read "${file}": ${state}`, { file, cause });
}

/** The texts of a workbook, unpacked, with cells marked. */
function unpack(path: string, marks: Marks): ZipEntry[] {
  const file = FileReader.open(path);
  const start = file.start(FILE_START);
  if (fileKind(start) !== "zip") {
    file.close();
    const what = describeWrongFile(start, "an Excel workbook (.xlsx)");
    throw fail(path, what.includes(": ") ? what : `${what}: ${SAVE_AGAIN}`);
  }
  using archive = ZipReader.of(file);
  if (!archive.has("xl/workbook.xml")) {
    throw fail(path, `it is a zip archive, not an Excel workbook (.xlsx): ${SAVE_AGAIN}`);
  }
  const names = archive.names.filter((name) =>
    /\.(xml|xml\.rels)$/.test(name) && !UNNEEDED.test(name)
  );
  const bytes = names.reduce((sum, name) => sum + archive.size(name)!, 0);
  if (bytes > MOST_TEXT_BYTES) {
    throw fail(path, `it unpacks to ${bytes} bytes, at most ${MOST_TEXT_BYTES} are read`);
  }
  return names.map((name) => {
    const data = archive.read(name);
    return { name, data: isSheet(data) ? marked(path, data, marks) : data };
  });
}

function isSheet(data: Uint8Array): boolean {
  return /<(\w+:)?worksheet\b/.test(new TextDecoder().decode(data.subarray(0, FILE_START)));
}

/** Cells of a sheet's XML: prefix, attributes and content. */
const CELLS = /<((?:\w+:)?)c(\s[^>]*?)?(?:\/>|>([^]*?)<\/\1c>)/g;
/** Rows and cells of a sheet's XML: which of them it is, and its attributes. */
const PLACES = /<(?:\w+:)?(c|row)(?![\w:.-])([^>]*)>/g;

/** Marks the cells of a sheet that the library would leave empty, or read in local time. */
function marked(path: string, data: Uint8Array, marks: Marks): Uint8Array {
  const xml = new TextDecoder().decode(data);
  checkSpan(path, xml);
  const text = xml.replace(CELLS, (cell, prefix: string, attributes = "", content = "") => {
    const value = content === "" ? undefined : markedValue(attributes, content, marks);
    if (value === undefined) return cell;
    const others = attributes.replace(/\st\s*=\s*("\w*"|'\w*')/, "");
    return `<${prefix}c${others} t="str"><${prefix}v>${value}</${prefix}v></${prefix}c>`;
  });
  return new TextEncoder().encode(text);
}

/** Refuses a sheet of which the library would make more cells than fit into memory. */
function checkSpan(path: string, xml: string): void {
  let [rows, columns] = [1, 1];
  for (const [, tag, attributes = ""] of xml.matchAll(PLACES)) {
    const place = attributeOf(attributes, "r");
    if (place === undefined && tag === "row") continue;
    const [, letters, row] = /^([A-Z]{0,3})([1-9]\d{0,6})$/.exec(place ?? "") ?? [];
    if (row === undefined || (letters === "") !== (tag === "row")) {
      const state = `a ${tag === "row" ? "row" : "cell"} has the place ${
        JSON.stringify(place ?? "")
      }`;
      throw fail(path, `the workbook is damaged, ${state}; ${SAVE_AGAIN}`);
    }
    rows = Math.max(rows, Number(row));
    columns = Math.max(columns, columnOf(letters ?? ""));
  }
  if (rows * columns <= MOST_CELLS) return;
  const span = `a sheet spans ${rows} rows and ${columns} columns, too many to read`;
  throw fail(path, `${span}; delete what stands far from the table`);
}

/** What an attribute is, without its quotes. */
function attributeOf(attributes: string, name: "r" | "t"): string | undefined {
  const pattern = { r: /[\s:]r\s*=\s*["']([^"']*)["']/, t: /[\s:]t\s*=\s*["']([^"']*)["']/ };
  return pattern[name].exec(attributes)?.[1];
}

/** The text that stands for a cell, in XML, where it needs one. */
function markedValue(attributes: string, content: string, marks: Marks): string | undefined {
  const type = attributeOf(attributes, "t") ?? "n";
  const value = /<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)</.exec(content)?.[1]?.trim();
  if (type === "e") return marks.error + (value ?? "");
  if (type === "d" && value) return marks.date + value;
  if (!/<(?:\w+:)?f[\s>/]/.test(content) || value) return undefined;
  // A computed text may be empty.
  return type === "str" && /<(?:\w+:)?v[\s>/]/.test(content) ? undefined : marks.formula;
}

/** Number of a column, counted from 1, by its letters. */
function columnOf(letters: string): number {
  return [...letters].reduce((number, letter) => 26 * number + letter.charCodeAt(0) - 64, 0);
}

/** Letters of a column by its number, counted from 1. */
function lettersOf(column: number): string {
  if (column === 0) return "";
  const last = (column - 1) % 26;
  return lettersOf((column - 1 - last) / 26) + String.fromCharCode(65 + last);
}

/** A number as text: integers in full, others in as few digits as tell them apart. */
function numberText(stored: string): string {
  const text = stored.trim();
  return /^-?\d+$/.test(text) ? String(BigInt(text)) : String(Number(text));
}

function textRows(path: string, data: readonly (readonly unknown[])[], marks: Marks): SheetRow[] {
  const names = data.find((row) => row.some((cell) => cell !== null)) ?? [];
  return data.flatMap((row, index): SheetRow[] => {
    const cells = row.map((value, at) => {
      const text = cellText(value, marks);
      if (typeof text === "string") return text;
      const name = row === names || typeof names[at] !== "string" ? "" : ` ("${names[at]}")`;
      const place = `row ${index + 1}, column ${lettersOf(at + 1)}${escapeControls(name)}`;
      throw fail(path, `${place} ${text.state}`);
    });
    const end = cells.findLastIndex((cell) => cell !== "");
    return end < 0 ? [] : [{ line: index + 1, cells: cells.slice(0, end + 1) }];
  });
}

/** The text of a cell, or what is wrong with it. */
function cellText(value: unknown, marks: Marks): string | { readonly state: string } {
  if (value === null) return "";
  if (value instanceof Date) return dateText(value);
  if (typeof value !== "string") return String(value);
  if (value === "NaN") return { state: "holds a number that cannot be read" };
  if (value.startsWith(marks.formula)) {
    return { state: "holds a formula without a value, save the file in Excel or LibreOffice" };
  }
  if (value.startsWith(marks.error)) {
    const error = escapeControls(value.slice(marks.error.length));
    return { state: error === "" ? "holds an error" : `holds the error ${error}` };
  }
  if (!value.startsWith(marks.date)) return value;
  return value.slice(marks.date.length).replace(/T00:00(:00(\.0+)?)?Z?$/, "");
}

const DAY = 86_400_000;
/** Excel's day 0, as the library counts, and the first day behind one that never was. */
const [ZERO, FIRST_OF_MARCH_1900] = [Date.UTC(1899, 11, 30), Date.UTC(1900, 2, 1)];

/** A date in ISO 8601, with a time if there is one; a time alone where there is no day. */
function dateText(date: Date): string | { readonly state: string } {
  // The library cuts parts of a millisecond off.
  const seconds = 1000 * Math.round(date.getTime() / 1000);
  if (!(seconds >= ZERO)) return { state: "holds a date that does not exist" };
  // Excel has a 29 February 1900, the library counts as if days before it came after it.
  const shift = seconds >= ZERO + DAY && seconds < FIRST_OF_MARCH_1900 - DAY ? DAY : 0;
  const iso = new Date(seconds + shift).toISOString();
  const [day = "", time = ""] = iso.slice(0, -".000Z".length).split("T");
  if (seconds < ZERO + DAY) return time;
  return time === "00:00:00" ? day : `${day}T${time}`;
}
