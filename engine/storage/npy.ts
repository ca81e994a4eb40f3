/**
 * Reads NumPy arrays (`.npy`, versions 1 to 3): what they hold without their values, and rows of
 * them as float32.
 * @module
 */
import { DataError } from "../errors.ts";
import { sizeOf } from "../ir/dims.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { FileReader } from "./file_reader.ts";
import { converter, formatName, type NumberFormat } from "./number_format.ts";
import { escapeControls } from "./text_file.ts";

/** Bytes read at once. */
const BLOCK_BYTES = 4 << 20;
/** Bytes of the magic number and the version. */
const MAGIC_LENGTH = 8;
/** Longest header: that of an array is shorter than a line. */
const MAX_HEADER = 1 << 16;
/** Most dimensions of an array. */
const MAX_DIMENSIONS = 64;
/** Most numbers of one row: longer arrays cannot be made everywhere. */
const MAX_ROW = 2 ** 29 - 1;

/** What a file says of its array. */
export interface NpyHeader {
  /** The file. */
  readonly file: string;
  /** Lengths of the dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** Type of the numbers as NumPy names it, for example `"float16"` or `"bool"`. */
  readonly dtype: string;
  /** Whether the first index is the fastest. */
  readonly fortranOrder: boolean;
}

/** The header, and how the values are stored. */
interface Layout {
  readonly header: NpyHeader;
  readonly format: NumberFormat;
  /** Offset of the first value. */
  readonly offset: number;
}

/** Names of what cannot be read, by NumPy's letters for kinds of types. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  c: "complex numbers",
  m: "time spans",
  M: "dates",
  O: "Python objects",
  S: "texts",
  U: "texts",
  V: "raw bytes or records",
};

/**
 * A NumPy array in a file, open for reading rows.
 *
 * Rows are what lies below one index of the first dimension: one feature vector of `[rows, dim]`,
 * one number of `[labels]`.
 *
 * @example Two rows of a file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n";
 * const bytes = new Uint8Array(10 + header.length + 8);
 * bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
 * bytes.set(new TextEncoder().encode(header), 10);
 * bytes.set(new Uint8Array(Float32Array.of(0.5, 7).buffer), 10 + header.length);
 * const path = `${Deno.makeTempDirSync()}/a.npy`;
 * Deno.writeFileSync(path, bytes);
 *
 * using array = NpyFile.open(path);
 * assertEquals([array.header.shape, array.header.dtype], [[2, 1], "float32"]);
 * assertEquals(array.readRows(1, 1), Float32Array.of(7));
 * ```
 */
export class NpyFile implements Disposable {
  /** What the file says of its array. */
  readonly header: NpyHeader;
  /** Length of the first dimension; 1 for a single value. */
  readonly rows: number;
  /** Numbers in a row. */
  readonly rowSize: number;
  readonly #file: FileReader;
  readonly #layout: Layout;

  private constructor(file: FileReader, layout: Layout) {
    this.#file = file;
    this.#layout = layout;
    this.header = layout.header;
    this.rows = layout.header.shape[0] ?? 1;
    this.rowSize = sizeOf(layout.header.shape.slice(1));
  }

  /**
   * Opens a file and reads its header.
   *
   * @param path The `.npy` file.
   * @returns The array; close it.
   * @throws {DataError} if it is not a NumPy array of real numbers in the order of C, or has not
   * the size that its header says.
   */
  static open(path: string): NpyFile {
    const file = FileReader.open(path);
    try {
      const layout = readLayout(file);
      checkSize(file, layout);
      return new NpyFile(file, layout);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Reads rows that follow one another.
   *
   * @param start First row.
   * @param count Number of rows.
   * @param into Takes `[count, rowSize]` values; a new array if there is none.
   * @returns The array that took them.
   * @throws {DataError} if the file became shorter.
   * @throws {RangeError} if there are no such rows, or they do not fit.
   */
  readRows(
    start = 0,
    count: number = this.rows - start,
    into?: Float32Array<ArrayBuffer>,
  ): Float32Array<ArrayBuffer> {
    this.#checkRange(start, count);
    const target = into ?? new Float32Array(count * this.rowSize);
    this.#read(start, count, target);
    return target;
  }

  /**
   * Reads everything as numbers of double precision, such as labels. 64-bit integers beyond 2^53
   * lose their last digits.
   *
   * @returns All values, row-major.
   * @throws {DataError} if the file became shorter.
   */
  readNumbers(): Float64Array<ArrayBuffer> {
    const target = new Float64Array(this.rows * this.rowSize);
    this.#read(0, this.rows, target);
    return target;
  }

  /** Releases the file; closing twice is fine. */
  close(): void {
    this.#file.close();
  }

  /** Releases the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  #checkRange(start: number, count: number): void {
    if (start >= 0 && count >= 0 && start + count <= this.rows) return;
    throw new RangeError(
      `Cannot read rows ${start} to ${start + count - 1} of "${this.header.file}": ` +
        `it has ${this.rows} rows`,
    );
  }

  #read(start: number, count: number, target: Float32Array | Float64Array): void {
    const { format, offset } = this.#layout;
    const length = count * this.rowSize;
    if (target.length < length) {
      throw new RangeError(
        `Cannot read ${count} rows of "${this.header.file}": they have ${length} values, ` +
          `the array takes ${target.length}`,
      );
    }
    const convert = converter(format);
    const first = offset + start * this.rowSize * format.size;
    const block = BLOCK_BYTES / format.size;
    const bytes = new Uint8Array(Math.min(block, length) * format.size);
    for (let done = 0; done < length; done += block) {
      const part = bytes.subarray(0, Math.min(block, length - done) * format.size);
      this.#file.readInto(first + done * format.size, part);
      convert(part, target, done);
    }
  }
}

function fail(file: FileReader, state: string): DataError {
  return new DataError(`Cannot read "${file.path}": ${state}`, { file: file.path });
}

function readLayout(file: FileReader): Layout {
  const start = file.start(FILE_START);
  if (fileKind(start) !== "numpy") {
    throw fail(file, describeWrongFile(start, "a NumPy array (.npy)"));
  }
  const [text, offset] = headerText(file, start);
  const descr = /["']descr["']\s*:\s*(?:'([^']*)'|"([^"]*)"|([[(]))/.exec(text);
  const order = /["']fortran_order["']\s*:\s*(True|False)\b/.exec(text)?.[1];
  const lengths = /["']shape["']\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (!descr || order === undefined || lengths === undefined) {
    throw fail(file, "its header is damaged");
  }
  const [, single, double, structure] = descr;
  if (structure !== undefined) throw fail(file, "it holds records of several fields, not numbers");
  const shape = shapeOf(file, lengths);
  const { format, dtype } = typeOf(file, single ?? double ?? "");
  const fortranOrder = order === "True";
  if (fortranOrder && shape.filter((length) => length > 1).length > 1) {
    throw fail(
      file,
      "it is in Fortran's order, column after column; save it with numpy.ascontiguousarray",
    );
  }
  return { header: { file: file.path, shape, dtype, fortranOrder }, format, offset };
}

/** The header as text, and the offset of what follows it. */
function headerText(file: FileReader, start: Uint8Array): readonly [text: string, end: number] {
  const [version = 0] = start.subarray(6);
  if (version < 1 || version > 3) {
    throw fail(file, `it has version ${version} of the format, versions 1 to 3 are known`);
  }
  const wide = version > 1;
  const at = MAGIC_LENGTH + (wide ? 4 : 2);
  if (file.size < at) throw fail(file, "it is cut off in its header");
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const length = wide ? view.getUint32(MAGIC_LENGTH, true) : view.getUint16(MAGIC_LENGTH, true);
  if (length > MAX_HEADER) throw fail(file, `its header of ${length} bytes is damaged`);
  if (file.size < at + length) throw fail(file, "it is cut off in its header");
  return [new TextDecoder().decode(file.read(at, length)), at + length];
}

function shapeOf(file: FileReader, lengths: string): readonly number[] {
  const words = lengths.split(",").map((word) => word.trim()).filter((word) => word !== "");
  const shape = words.map((word) => Number(word.replace(/L$/, "")));
  const sound = shape.length <= MAX_DIMENSIONS && shape.every(Number.isSafeInteger) &&
    Number.isSafeInteger(8 * sizeOf(shape)) && sizeOf(shape.slice(1)) <= MAX_ROW;
  if (!sound) throw fail(file, `its shape (${escapeControls(lengths)}) is more than can be read`);
  return shape;
}

/** How numbers of a type are stored, by NumPy's code for it, such as `<f4`. */
function typeOf(file: FileReader, code: string): { format: NumberFormat; dtype: string } {
  const [, order, letter = "", digits = ""] = /^([<>|]?)([A-Za-z])(\d*)/.exec(code) ?? [];
  const size = [1, 2, 4, 8].find((bytes) => String(bytes) === digits) as
    | NumberFormat["size"]
    | undefined;
  const littleEndian = order !== ">";
  const kinds: Readonly<Record<string, NumberFormat["kind"]>> = {
    b: "unsigned",
    f: "float",
    i: "signed",
    u: "unsigned",
  };
  const { [letter]: kind } = kinds;
  const known = kind !== undefined && size !== undefined && code.length <= 3 &&
    !(letter === "b" && size > 1) && !(letter === "f" && size === 1);
  if (!known) {
    const what = OTHER_TYPES[letter] ?? "another type";
    const shown = escapeControls(code.slice(0, 20));
    throw fail(file, `it holds ${what} ("${shown}"), expected floats, integers or booleans`);
  }
  const format = { kind, size, littleEndian };
  return { format, dtype: letter === "b" ? "bool" : formatName(format) };
}

function checkSize(file: FileReader, { header, format, offset }: Layout): void {
  const size = offset + sizeOf(header.shape) * format.size;
  if (file.size < size) {
    throw fail(file, `it is cut off, it has ${file.size} of ${size} bytes`);
  }
  if (file.size > size) {
    const extra = file.size - size;
    throw fail(file, `it has ${extra} ${extra === 1 ? "byte" : "bytes"} more than its header says`);
  }
}
