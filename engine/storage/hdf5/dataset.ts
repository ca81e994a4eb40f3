/**
 * A numeric HDF5 dataset: ranges and scattered rows of it as float32, in bounded memory.
 * @module
 */
import { DataError } from "../../errors.ts";
import { sizeOf } from "../../ir/dims.ts";
import type { Hdf5Header, Hdf5Rows } from "./rows.ts";
import { type Converter, converter, formatName } from "../number_format.ts";
import { planReads, type RowRange, type RowRead } from "./row_plan.ts";

/** Bytes read at once, unless a single row or chunk is larger. */
const BLOCK_BYTES = 4 << 20;
/** Bytes that are believed without asking how many of them are stored. */
const SMALL_BYTES = 64 << 20;
/** No compression in use makes less than a thousandth, and what was never written is nothing. */
const MOST_EXPANSION = 1100;
/** Most bytes of one row: longer arrays cannot be made everywhere. */
const MAX_ROW_BYTES = 2 ** 31 - 1;

/** What is known of how a dataset is stored. */
export interface StorageFacts {
  /** Bytes of the files that hold it. @default {no bound} */
  readonly storedBytes?: number;
}

/**
 * A numeric dataset of an open file; made by `Hdf5File.dataset`.
 *
 * Rows are what lies below one index of the first dimension: one feature vector of `[rows, dim]`,
 * one bag of `[bags, instances, dim]`, one number of `[labels]`.
 */
export class Hdf5Dataset {
  /** Header: name, shape, chunks, filters, format. */
  readonly header: Hdf5Header;
  /** Length of the first dimension; 1 for a single value. */
  readonly rows: number;
  /** Numbers in a row. */
  readonly rowSize: number;
  readonly #source: Hdf5Rows;
  readonly #convert: Converter<Float32Array | Float64Array>;
  readonly #rowBytes: number;
  readonly #storedBytes: number;
  readonly #maxRows: number;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /**
   * @param header The dataset.
   * @param source Reads the bytes of its rows.
   * @param facts How it is stored.
   * @throws {DataError} if one row is larger than its file can hold.
   */
  constructor(header: Hdf5Header, source: Hdf5Rows, facts: StorageFacts = {}) {
    this.header = header;
    this.rows = header.shape[0] ?? 1;
    this.rowSize = sizeOf(header.shape.slice(1));
    this.#source = source;
    this.#storedBytes = facts.storedBytes ?? Infinity;
    this.#convert = converter(header.format);
    this.#rowBytes = this.rowSize * header.format.size;
    const blockRows = Math.floor(BLOCK_BYTES / Math.max(1, this.#rowBytes));
    this.#maxRows = Math.max(1, blockRows, source.chunkRows);
    if (this.#rowBytes > MAX_ROW_BYTES) {
      throw this.#error(`has rows of ${this.rowSize} values, more than can be read at once`);
    }
    this.expectStored(Math.min(1, this.rows));
  }

  /** Type of the stored numbers as NumPy names it, for example `"float16"`. */
  get dtype(): string {
    return formatName(this.header.format);
  }

  /**
   * Reads rows that follow one another.
   *
   * @param start First row.
   * @param count Number of rows.
   * @returns `[count, rowSize]` values.
   * @throws {DataError} if the data is damaged.
   * @throws {RangeError} if there are no such rows.
   */
  readRows(start = 0, count: number = this.rows - start): Float32Array<ArrayBuffer> {
    const target = new Float32Array(count * this.rowSize);
    this.gather([{ start, count, to: 0 }], target);
    return target;
  }

  /**
   * Reads rows in any order.
   *
   * @param rows Row numbers; they may repeat.
   * @returns `[rows.length, rowSize]` values in the order of `rows`.
   * @throws {DataError} if the data is damaged.
   * @throws {RangeError} if there are no such rows.
   */
  gatherRows(rows: Int32Array): Float32Array<ArrayBuffer> {
    const target = new Float32Array(rows.length * this.rowSize);
    this.gather(Array.from(rows, (start, to) => ({ start, count: 1, to })), target);
    return target;
  }

  /**
   * Reads ranges of rows into a given array: sorted, neighbours together, each chunk decoded once.
   *
   * @param ranges Wanted rows and their places in `target`.
   * @param target Takes `[rows, rowSize]` values.
   * @throws {DataError} if the data is damaged.
   * @throws {RangeError} if there are no such rows.
   */
  gather(ranges: readonly RowRange[], target: Float32Array | Float64Array): void {
    for (const { start, count } of ranges) {
      if (start >= 0 && count >= 0 && start + count <= this.rows) continue;
      throw new RangeError(
        `Cannot read rows ${start} to ${start + count - 1} of "${this.header.name}": ` +
          `it has ${this.rows} rows`,
      );
    }
    if (this.rowSize === 0) return;
    const gapRows = Math.floor(this.#source.gapBytes / this.#rowBytes);
    const cost = { chunkRows: this.#source.chunkRows, gapRows, maxRows: this.#maxRows };
    for (const read of planReads(ranges, cost)) this.#execute(read, target);
  }

  /**
   * Reads everything as numbers of double precision: labels, pointers, lengths. 64-bit integers
   * beyond 2^53 lose their last digits.
   *
   * @returns All values, row-major.
   * @throws {DataError} if the data is damaged, or is more than its file can hold.
   */
  readNumbers(): Float64Array<ArrayBuffer> {
    this.expectStored(this.rows);
    const target = new Float64Array(this.rows * this.rowSize);
    this.gather([{ start: 0, count: this.rows, to: 0 }], target);
    return target;
  }

  /**
   * Refuses to make room for rows that the file cannot hold.
   *
   * @param rows Number of rows that are to be read at once.
   * @throws {DataError} if its file is too small for them.
   */
  expectStored(rows: number): void {
    const bytes = rows * this.#rowBytes;
    if (bytes <= SMALL_BYTES || bytes <= MOST_EXPANSION * this.#storedBytes) return;
    throw this.#error(
      `declares ${rows * this.rowSize} values, more than ${this.#storedBytes} bytes can hold`,
    );
  }

  #error(state: string): DataError {
    const { file, name } = this.header;
    const message = `Cannot read "${file}": dataset "${name}" ${state}`;
    return new DataError(message, { file, dataset: name });
  }

  /** Releases what the dataset holds; its file closes it too. */
  close(): void {
    this.#source.close();
    this.#buffer = new Uint8Array(0);
  }

  #execute(read: RowRead, target: Float32Array | Float64Array): void {
    if (read.count === 0) return;
    const [only] = read.ranges;
    if (only && read.ranges.length === 1 && this.#sameLayout(target)) {
      // Nothing to convert: the bytes go where they belong.
      const at = target.byteOffset + only.to * this.#rowBytes;
      const bytes = new Uint8Array(target.buffer, at, only.count * this.#rowBytes);
      return this.#source.read(read.start, read.count, bytes);
    }
    const length = read.count * this.#rowBytes;
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    this.#source.read(read.start, read.count, bytes);
    for (const { start, count, to } of read.ranges) {
      const first = (start - read.start) * this.#rowBytes;
      const part = bytes.subarray(first, first + count * this.#rowBytes);
      this.#convert(part, target, to * this.rowSize);
    }
  }

  #sameLayout(target: Float32Array | Float64Array): boolean {
    const { kind, size, littleEndian } = this.header.format;
    return kind === "float" && littleEndian && size === target.BYTES_PER_ELEMENT;
  }
}
