/**
 * Reads text files strictly: bytes that are not text in the file's encoding are an error, never
 * replaced, since two names that are decoded wrongly may become one.
 * @module
 */
import { DataError } from "../errors.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { likelyEncodings, unmarkedUtf16 } from "./_likely_encoding.ts";
import { FileReader } from "./file_reader.ts";

/** Most characters that a string can hold, and so most bytes of a text file. */
export const MOST_TEXT_BYTES: number = 2 ** 29 - 24;

/**
 * How a text file is read.
 * @category Text files
 */
export interface TextOptions {
  /** Encoding, as `TextDecoder` calls it; a byte order mark wins over it. @default {"utf-8"} */
  readonly encoding?: string;
  /** Name of the option that chooses the encoding, for messages; absent where there is none. */
  readonly encodingOption?: string;
}

/** The encodings that begin with a byte order mark, longest marks first. */
const MARKS: readonly { readonly encoding: string; readonly mark: readonly number[] }[] = [
  { encoding: "utf-32le", mark: [0xff, 0xfe, 0, 0] },
  { encoding: "utf-32be", mark: [0, 0, 0xfe, 0xff] },
  { encoding: "utf-8", mark: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", mark: [0xff, 0xfe] },
  { encoding: "utf-16be", mark: [0xfe, 0xff] },
];

/** What often lies in the place of a text, and that no text begins like. */
const INSTEAD: ReadonlySet<string | undefined> = new Set(
  ["git_lfs", "html", "gzip", "zip", "xz", "zstd", "seven_zip", "hdf5", "numpy"],
);

/**
 * Tells whether text can be read in an encoding.
 * @param label What may be the name of one.
 * @returns Whether `TextDecoder` knows it.
 *
 * @example Names of encodings
 * ```ts
 * import { isEncoding } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["gbk", "cp1251", "utf-7"].map(isEncoding), [true, true, false]);
 * ```
 *
 * @category Text files
 */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/**
 * Reads a text file: UTF-8, UTF-16 with a byte order mark, or the encoding that is asked for.
 * @param path The file.
 * @param options Its encoding.
 * @returns The text, without a byte order mark.
 * @throws {DataError} if the file cannot be read, is an archive, a web page or a Git LFS pointer, or
 * is not text in its encoding; the message names the line and the likely encoding.
 *
 * @example A table that was saved in another encoding
 * ```ts
 * import { readTextFile } from "@glovita/glovita/features";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/labels.csv`;
 * await Deno.writeFile(file, Uint8Array.of(0x66, 0xfc, 0x72)); // in Windows-1252
 * assertEquals(readTextFile(file, { encoding: "windows-1252" }), "für");
 * assertThrows(() => readTextFile(file), Error, "line 1 is not UTF-8");
 * ```
 *
 * @category Text files
 */
export function readTextFile(path: string, options: TextOptions = {}): string {
  using reader = FileReader.open(path);
  if (reader.size > MOST_TEXT_BYTES) {
    throw new DataError(
      `Cannot read "${path}": it has ${reader.size} bytes, a text file has at most ` +
        `${MOST_TEXT_BYTES}`,
      { file: path },
    );
  }
  const bytes = reader.read(0, reader.size);
  const start = bytes.subarray(0, FILE_START);
  if (INSTEAD.has(fileKind(start))) {
    const state = describeWrongFile(start, "a text file");
    throw new DataError(`Cannot read "${path}": ${state}`, { file: path });
  }
  return decodeText(bytes, path, options);
}

/**
 * Decodes the bytes of a text file.
 * @param bytes All of them.
 * @param path The file, for messages.
 * @param options Its encoding.
 * @returns The text, without a byte order mark.
 * @throws {DataError} if the bytes are not text in the encoding.
 *
 * @example What an editor of Windows calls Unicode
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = Uint8Array.of(0xff, 0xfe, 0x66, 0, 0xfc, 0, 0x72, 0);
 * assertEquals(decodeText(bytes, "a.txt"), "für");
 * ```
 */
export function decodeText(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  options: TextOptions = {},
): string {
  const fail = (state: string, cause?: unknown) =>
    new DataError(`Cannot read "${path}": ${state}`, { file: path, cause });
  const marked = MARKS.find(({ mark }) => mark.every((byte, at) => bytes[at] === byte))?.encoding;
  if (marked?.startsWith("utf-32")) throw fail(`it is ${upper(marked)}, expected UTF-8`);
  const encoding = marked ?? options.encoding ?? "utf-8";
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    const place = `line ${lineOfDamage(bytes, encoding)} is not ${upper(encoding)}`;
    throw fail(marked ? place : place + likely(bytes, encoding, options), cause);
  }
  const zero = text.indexOf("\0");
  if (zero < 0) return text;
  const unmarked = marked ? undefined : unmarkedUtf16(bytes);
  const place = `line ${lineAt(text, zero)} holds a zero byte`;
  throw fail(unmarked ? place + likely(bytes, encoding, options) : `${place}, it is not text`);
}

/** The guess at an encoding, as the end of a sentence. */
function likely(bytes: Uint8Array, encoding: string, { encodingOption }: TextOptions): string {
  const others = likelyEncodings(bytes).filter((label) => label !== encoding);
  if (others.length === 0) return "";
  const help = encodingOption ? `read it with ${encodingOption} ${others[0]}` : "save it as UTF-8";
  return `, it is probably ${others.join(" or ")}; ${help}`;
}

function upper(encoding: string): string {
  return encoding.startsWith("utf-") ? encoding.toUpperCase() : encoding;
}

/** Number of the first line that cannot be decoded. */
function lineOfDamage(bytes: Uint8Array<ArrayBuffer>, encoding: string): number {
  const text = new TextDecoder(encoding).decode(bytes);
  return lineAt(text, text.indexOf("\ufffd"));
}

/**
 * Number of the line that a character of a text is in.
 * @param text The text.
 * @param at Index of the character.
 * @returns The number, counted from 1; lines end with LF, CR or both.
 *
 * @example The second line
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(lineAt("a\r\nb", 3), 2);
 * ```
 */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split(/\r\n|\n|\r/).length;
}

/**
 * Makes a text from a file, or a file's name, fit for a message of one line: line breaks, and what
 * else a terminal takes for a command, are written as in JSON.
 * @param text The text.
 * @returns The text without control characters.
 *
 * @example A name with a line break
 * ```ts
 * import { escapeControls } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeControls("a\nb\u009b"), "a\\nb\\u009b");
 * ```
 *
 * @category Text files
 */
export function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return short === character ? `\\u${code}` : short;
  });
}
