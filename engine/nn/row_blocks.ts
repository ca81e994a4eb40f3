/**
 * Row blocks: a chain of layers over many rows runs fastest on blocks of rows whose intermediate
 * results stay in the cache, forward and backward. The number of blocks is fixed in the graph, their
 * size follows the batch.
 * @module
 */
import { applyOne, scalar } from "../ir/create.ts";
import { add, min, mul, sub } from "../ir/elementwise.ts";
import { less, where } from "../ir/logic.ts";
import { sizeOfAxis } from "../ir/layout.ts";
import { sliceBetween } from "../ir/indexing.ts";
import type { Tensor } from "../ir/node.ts";
import type { Dim } from "../ir/types.ts";

/** Rows of a block at which matrix products run at their best rate. */
const BEST_ROWS = 1200;
/** More blocks make the graph large and gain nothing. */
const MOST_BLOCKS = 16;

/**
 * How many blocks to cut rows into.
 * @param expectedRows About how many rows a batch has.
 *
 * @example Small batches are not cut
 * ```ts
 * import { blockCount } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([blockCount(500), blockCount(6000)], [1, 5]);
 * ```
 *
 * @category Bags
 */
export function blockCount(expectedRows: number): number {
  return Math.min(Math.max(Math.round(expectedRows / BEST_ROWS), 1), MOST_BLOCKS);
}

/**
 * A block of rows.
 * @category Bags
 */
export interface RowBlock {
  /**
   * The block's part of something that has the rows along an axis. Where a batch has too few rows
   * for so many blocks, the last ones repeat the last row: see {@linkcode RowBlock.bagIndex}.
   * @param x What to cut.
   * @param axis Axis of the rows.
   */
  cut(x: Tensor, axis?: number): Tensor;
  /**
   * Bag of each row of the block, -1 for a repeated row: it belongs to none.
   * @param index Bag of each row, `int64 [rows]`.
   */
  bagIndex(index: Tensor): Tensor;
}

/**
 * Cuts rows into blocks of nearly equal size.
 * @param features Something that has the rows along its first axis.
 * @param count Number of blocks.
 *
 * @example Five rows in two blocks
 * ```ts
 * import { constant, evaluate, reduceSum } from "@glovita/glovita/engine";
 * import { rowBlocks } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([1, 2, 3, 4, 5], [5, 1]);
 * const [first, second] = rowBlocks(x, 2).map((block) => reduceSum(block.cut(x)));
 * const sums = [await evaluate(first), await evaluate(second)];
 * assertEquals(sums.map(({ data }) => data[0]), [6, 9]);
 * ```
 *
 * @category Bags
 */
export function rowBlocks(features: Tensor, count: number): RowBlock[] {
  if (count === 1) return [{ cut: (x) => x, bagIndex: (index) => index }];
  const rows = sizeOfAxis(features, 0);
  const size = applyOne("Div", [add(rows, count - 1), scalar(count, "int64")], {}); // rounded up
  const last = sub(rows, 1);
  return Array.from({ length: count }, (_, number) => {
    const start = mul(size, number);
    const bounds: [Tensor, Tensor] = [min(start, last), min(add(start, size), rows)];
    const symbol: Dim = `rows_of_block_${number}`;
    const cut = (x: Tensor, axis = 0) => sliceBetween(x, axis, bounds, symbol);
    return { cut, bagIndex: (index) => where(less(start, rows), cut(index), -1) };
  });
}
