/**
 * Looks for NaN and Inf in all values, a few rows at a time, so that memory is bounded.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { RowRange } from "../../engine/storage/hdf5/row_plan.ts";
import { indexOfNonFinite } from "../../engine/storage/number_format.ts";
import type { ValueScan } from "./inspection.ts";

/** Values that are read at once, unless a row has more. */
const BLOCK_VALUES = 1 << 21;

/** Rows that can be read. */
export interface ScannedRows {
  /** The file. */
  readonly path: string;
  /** Dataset of the features, in HDF5 files. */
  readonly key?: string;
  /** Number of rows. */
  readonly rows: number;
  /** Values in a row. */
  readonly width: number;
  /** Whether rows cannot be read without the others. */
  readonly whole?: boolean;
  /** Reads rows into `[rows, width]`. */
  read(ranges: readonly RowRange[], target: Float32Array<ArrayBuffer>): void;
}

/** What is told while rows are read. */
export interface ScanHooks {
  /** Stops the work between two reads. */
  readonly signal?: AbortSignal;
  /** Told after each read how many rows of this file were read. */
  readonly onRows?: (done: number) => void;
}

/** What was found in one file. */
export interface FileScan extends ValueScan {
  /** A line on NaN and Inf, where there are any. */
  readonly problem?: string;
}

/**
 * Reads all rows of a file.
 * @param rows The rows.
 * @param hooks What is told meanwhile.
 * @returns What was found.
 * @throws {DataError} if they cannot be read.
 *
 * @example A row with NaN
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const read = (_: unknown, target: Float32Array) => target.set([1, 2, NaN, 4]);
 * const scan = await scanValues({ path: "a.npy", rows: 2, width: 2, read });
 * assertEquals([scan.nanRows, scan.problem], [1, 'Cannot use "a.npy": row 1 holds NaN']);
 * ```
 */
export async function scanValues(
  { path, key, rows, width, whole = false, read }: ScannedRows,
  { signal, onRows }: ScanHooks = {},
): Promise<FileScan> {
  const block = whole ? rows : Math.min(rows, Math.max(1, Math.floor(BLOCK_VALUES / width)));
  const buffer = new Float32Array(block * width);
  let [nanRows, infRows, badRows] = [0, 0, 0];
  let first: string | undefined;
  for (let start = 0; start < rows; start += block) {
    signal?.throwIfAborted();
    const count = Math.min(block, rows - start);
    const values = buffer.subarray(0, count * width);
    read([{ start, count, to: 0 }], values);
    if (indexOfNonFinite(values) >= 0) {
      for (let row = 0; row < count; row++) {
        const found = badIn(values.subarray(row * width, (row + 1) * width));
        if (found.length === 0) continue;
        first ??= `row ${start + row} holds ${found.join(" and ")}`;
        badRows++;
        if (found.includes("NaN")) nanRows++;
        if (found.includes("Inf")) infRows++;
      }
    }
    onRows?.(start + count);
    await setImmediate(); // lets signals arrive
  }
  if (first === undefined) return { rows, nanRows, infRows };
  const others = badRows > 1 ? `; ${badRows} of its ${rows} rows hold NaN or Inf` : "";
  const place = key === undefined ? "" : `dataset "${key}", `;
  return { rows, nanRows, infRows, problem: `Cannot use "${path}": ${place}${first}${others}` };
}

/** Which values of a row are not finite. */
function badIn(row: Float32Array): string[] {
  if (indexOfNonFinite(row) < 0) return [];
  const nan = row.some(Number.isNaN);
  const inf = row.some((value) => Math.abs(value) === Infinity);
  return [...nan ? ["NaN"] : [], ...inf ? ["Inf"] : []];
}

/**
 * Joins what was found in several files.
 * @param scans What was found in each.
 *
 * @example Two files
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const scan = { rows: 2, nanRows: 1, infRows: 0 };
 * assertEquals(joinScans([scan, scan]), { rows: 4, nanRows: 2, infRows: 0 });
 * ```
 */
export function joinScans(scans: readonly ValueScan[]): ValueScan {
  const sum = (name: keyof ValueScan) => scans.reduce((total, scan) => total + scan[name], 0);
  return { rows: sum("rows"), nanRows: sum("nanRows"), infRows: sum("infRows") };
}
