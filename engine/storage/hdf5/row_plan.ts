/**
 * Plans the reading of scattered rows: sorted by position, neighbours together, in bounded pieces.
 * @module
 */

/** Consecutive rows that are wanted, and where they go. */
export interface RowRange {
  /** First row in the dataset. */
  readonly start: number;
  /** Number of rows. */
  readonly count: number;
  /** Row of the result that takes the first one. */
  readonly to: number;
}

/** Rows that are read at once, and what is wanted of them. */
export interface RowRead {
  /** First row to read. */
  readonly start: number;
  /** Number of rows to read. */
  readonly count: number;
  /** The parts that are wanted, all of them inside. */
  readonly ranges: readonly RowRange[];
}

/** What reading together costs in a dataset. */
export interface RowCost {
  /** Rows in a chunk, which are decoded together; 1 if there are no chunks. */
  readonly chunkRows: number;
  /** Unwanted rows between two wanted ones that are cheaper read than skipped. */
  readonly gapRows: number;
  /** Most rows to read at once. */
  readonly maxRows: number;
}

/**
 * Turns wanted rows into ranges, joining those that follow one another.
 *
 * @param rows Rows in the order in which they are wanted.
 * @param to Row of the result that takes the first one.
 * @param offset Added to every row.
 * @returns The ranges, in the same order.
 *
 * @example Two neighbours and a stranger
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(rangesOf(new Int32Array([4, 5, 2])), [
 *   { start: 4, count: 2, to: 0 },
 *   { start: 2, count: 1, to: 2 },
 * ]);
 * ```
 */
export function rangesOf(rows: Int32Array, to = 0, offset = 0): RowRange[] {
  const ranges: RowRange[] = [];
  for (let first = 0; first < rows.length;) {
    const start = rows[first]!;
    let next = first + 1;
    while (next < rows.length && rows[next] === start + next - first) next++;
    ranges.push({ start: offset + start, count: next - first, to: to + first });
    first = next;
  }
  return ranges;
}

function* pieces(range: RowRange, maxRows: number): Generator<RowRange> {
  for (let done = 0; done < range.count; done += maxRows) {
    const count = Math.min(maxRows, range.count - done);
    yield { start: range.start + done, count, to: range.to + done };
  }
}

/**
 * Groups wanted rows into reads.
 *
 * @param ranges What is wanted, in any order; ranges may overlap.
 * @param cost What reading together costs.
 * @returns Reads by rising position, each of at most `cost.maxRows` rows.
 *
 * @example Rows 7 and 5 of chunks of four are decoded together
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const wanted = [{ start: 7, count: 1, to: 0 }, { start: 5, count: 1, to: 1 }];
 * const reads = planReads(wanted, { chunkRows: 4, gapRows: 0, maxRows: 100 });
 * assertEquals(reads.map((read) => [read.start, read.count]), [[5, 3]]);
 * ```
 */
export function planReads(ranges: readonly RowRange[], cost: RowCost): RowRead[] {
  const sorted = ranges.flatMap((range) => [...pieces(range, cost.maxRows)])
    .sort((a, b) => a.start - b.start);
  const reads: RowRead[] = [];
  let start = 0;
  let end = -1;
  let group: RowRange[] = [];
  const flush = () => {
    if (group.length > 0) reads.push({ start, count: end - start, ranges: group });
    group = [];
  };
  for (const piece of sorted) {
    const joined = Math.max(end, piece.start + piece.count);
    const near = piece.start <= end + cost.gapRows ||
      Math.floor(piece.start / cost.chunkRows) === Math.floor((end - 1) / cost.chunkRows);
    if (group.length === 0 || !near || joined - start > cost.maxRows) {
      flush();
      start = piece.start;
      end = piece.start + piece.count;
    } else {
      end = joined;
    }
    group.push(piece);
  }
  flush();
  return reads;
}
