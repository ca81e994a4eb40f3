/**
 * The two ways to get at the bytes of a dataset's rows share this contract; the slower one, which
 * goes through the HDF5 library and knows every file, is here.
 * @module
 */
import { DataError } from "../../errors.ts";
import { type Hdf5Library, libraryReason } from "./library.ts";
import type { NumberFormat } from "../number_format.ts";

/** Reads whole rows (everything below one index of the first dimension) of a dataset. */
export interface Hdf5Rows {
  /** How the numbers that `read` delivers are laid out. */
  readonly format: NumberFormat;
  /** Rows that are decoded together. */
  readonly chunkRows: number;
  /** Bytes between two wanted places that are cheaper read than skipped. */
  readonly gapBytes: number;
  /**
   * Reads rows.
   *
   * @param start First row.
   * @param count Number of rows, at least 1.
   * @param target Takes the bytes; has exactly their length.
   * @throws {DataError} if they cannot be read.
   */
  read(start: number, count: number, target: Uint8Array): void;
  /** Releases memory and files. */
  close(): void;
}

/** A dataset as its header describes it. */
export interface Hdf5Header {
  /** Path of the file as the user gave it. */
  readonly file: string;
  /** Name of the dataset. */
  readonly name: string;
  /** Its dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** Dimensions of a chunk, or `undefined` if the data is contiguous. */
  readonly chunks?: readonly number[];
  /** Registered numbers of the filters. */
  readonly filters: readonly number[];
  /** How the numbers are stored. */
  readonly format: NumberFormat;
}

/**
 * The error of rows that cannot be read.
 *
 * @param header The dataset.
 * @param start First row of those that were wanted.
 * @param count Number of rows.
 * @param options What is wrong, and what was thrown.
 * @returns The error to throw.
 */
export function rowError(
  header: Pick<Hdf5Header, "file" | "name">,
  [start, count]: readonly [start: number, count: number],
  options: { readonly state: string; readonly cause?: unknown },
): DataError {
  const rows = count === 1 ? `row ${start}` : `rows ${start} to ${start + count - 1}`;
  return new DataError(
    `Cannot read "${header.file}": dataset "${header.name}", ${rows}: ${options.state}`,
    { file: header.file, dataset: header.name, index: start, cause: options.cause },
  );
}

/** Rows read through the HDF5 library. */
export class LibraryRows implements Hdf5Rows {
  readonly format: NumberFormat;
  readonly chunkRows: number;
  readonly gapBytes = 0;
  readonly #library: Hdf5Library;
  readonly #file: bigint;
  readonly #header: Hdf5Header;
  #pointer = 0;
  #capacity = 0;

  /**
   * @param library The loaded library.
   * @param file Its handle of the open file.
   * @param header The dataset to read.
   */
  constructor(library: Hdf5Library, file: bigint, header: Hdf5Header) {
    this.#library = library;
    this.#file = file;
    this.#header = header;
    this.chunkRows = header.chunks?.[0] ?? 1;
    // The library delivers little endian whatever the file holds.
    this.format = { ...header.format, littleEndian: true };
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#capacity) return;
    this.close();
    this.#pointer = this.#library.module._malloc(bytes);
    if (this.#pointer === 0) {
      throw new DataError(
        `Cannot read "${this.#header.file}": dataset "${this.#header.name}" needs ${bytes} bytes ` +
          "at once, more than the HDF5 library can hold",
        { file: this.#header.file, dataset: this.#header.name },
      );
    }
    this.#capacity = bytes;
  }

  /** Reads rows; see {@linkcode Hdf5Rows}. */
  read(start: number, count: number, target: Uint8Array): void {
    const { name, shape } = this.#header;
    const { module } = this.#library;
    this.#reserve(target.length);
    const scalar = shape.length === 0;
    const counts = scalar ? null : [count, ...shape.slice(1)].map(BigInt);
    const offsets = scalar ? null : shape.map((_, axis) => axis === 0 ? BigInt(start) : 0n);
    const strides = scalar ? null : shape.map(() => 1n);
    const pointer = BigInt(this.#pointer);
    let status = 0;
    let cause: unknown;
    try {
      status = module.get_dataset_data(this.#file, name, counts, offsets, strides, pointer);
    } catch (error) {
      status = -1;
      cause = error;
    }
    if (status < 0) {
      const state = `the data is damaged (${libraryReason(cause)})`;
      throw rowError(this.#header, [start, count], { state, cause });
    }
    target.set(module.HEAPU8.subarray(this.#pointer, this.#pointer + target.length));
  }

  /** Frees the buffer. */
  close(): void {
    if (this.#pointer !== 0) this.#library.module._free(this.#pointer);
    this.#pointer = 0;
    this.#capacity = 0;
  }
}
