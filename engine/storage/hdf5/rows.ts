/**
 * The contract of all ways to get at the bytes of a dataset's rows.
 * @module
 */
import { DataError } from "../../errors.ts";
import type { NumberFormat } from "../number_format.ts";

/** Reads whole rows (everything below one index of the first dimension) of a dataset. */
export interface Hdf5Rows {
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
 *
 * @example One row
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const header = { file: "x.h5", name: "features" };
 * const { message } = rowError(header, [7, 1], { state: "the data is damaged" });
 * assertEquals(message, 'Cannot read "x.h5": dataset "features", row 7: the data is damaged');
 * ```
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
