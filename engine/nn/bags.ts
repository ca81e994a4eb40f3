/**
 * Bags in the packed layout: the instances of all bags of a batch in one matrix, row after row.
 *
 * Instances stay in this packed layout; only scores are laid out per bag. Small per-instance numbers
 * (scores, weights) can be laid out in a grid, one line per bag, where a softmax or a top-k within
 * bags is one operator.
 * @module
 */
import { scalar } from "../ir/create.ts";
import { flatSize } from "../ir/dims.ts";
import { add, min, mul, sub } from "../ir/elementwise.ts";
import { equal, less } from "../ir/logic.ts";
import { reshape, sizeOfAxis, unsqueeze } from "../ir/layout.ts";
import { cumSum, gather, range, scatterAdd } from "../ir/indexing.ts";
import { reduceMax, reduceMin } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * Which rows of a packed matrix belong to which bag.
 * @category Bags
 */
export interface Bags {
  /** Instances per bag, `int64 [bags]`, each at least 1. */
  readonly lengths: Tensor;
  /** Bag of each row, `int64 [instances]`, not decreasing. */
  readonly index: Tensor;
}

/**
 * Bag of each row, made in the graph from the lengths of the bags.
 * @param lengths Instances per bag, `int64 [bags]`, each at least 1.
 * @param rows `[instances, …]`: the packed rows.
 * @returns `int64 [instances]`.
 *
 * @example A bag of one and a bag of two instances
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagIndex } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(bagIndex(int64s([1, 2]), constant([5, 6, 7], [3, 1])));
 * assertEquals([...data], [0n, 1n, 1n]);
 * ```
 *
 * @category Bags
 */
export function bagIndex(lengths: Tensor, rows: Tensor): Tensor {
  const ends = cumSum(lengths, 0);
  // A one where each bag has ended, one place beyond the last row included; then count the ends.
  const places = add(sizeOfAxis(rows, 0), 1);
  const zeros = mul(range(places, ONE_MORE), 0);
  const ones = add(mul(lengths, 0), 1);
  const ended = cumSum(scatterAdd(zeros, ends, ones, 0), 0);
  return gather(ended, range(sizeOfAxis(rows, 0), rows.shape[0]));
}

/** Symbol of a size: one more than there are rows. */
const ONE_MORE = "instances_and_one";
/** Symbol of the size of a grid's lines: the length of the longest bag. */
const LONGEST = "longest";

/**
 * The grid of a batch of bags: one line per bag, as long as the longest of them.
 * @category Bags
 */
export interface BagGrid {
  /** Instances per bag, `int64 [bags]`. */
  readonly lengths: Tensor;
  /** First row of each bag, `int64 [bags]`. */
  readonly starts: Tensor;
  /** Length of the longest bag, an `int64` scalar. */
  readonly longest: Tensor;
  /** Length of the shortest bag, an `int64` scalar. */
  readonly shortest: Tensor;
  /** Positions `0, 1, …` of a line, `int64 [longest]`. */
  readonly positions: Tensor;
  /** Whether a cell holds an instance, `bool [bags, longest]`. */
  readonly valid: Tensor;
  /** Cell of each row, counted line after line, `int64 [instances]`. */
  readonly cells: Tensor;
}

/**
 * Lays out the grid of a batch.
 * @param bags The bags.
 * @returns The grid.
 *
 * @example A bag of one and a bag of three instances
 * ```ts
 * import { evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagGrid } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = bagGrid({ lengths: int64s([1, 3]), index: int64s([0, 1, 1, 1]) });
 * const { shape, data } = await evaluate(grid.valid);
 * assertEquals([shape, [...data]], [[2, 3], [1, 0, 0, 1, 1, 1]]);
 * ```
 *
 * @category Bags
 */
export function bagGrid({ lengths, index }: Bags): BagGrid {
  const starts = cumSum(lengths, 0, true);
  const longest = reduceMax(lengths);
  const positions = range(longest, LONGEST);
  const rows = range(sizeOfAxis(index, 0), index.shape[0]);
  const within = sub(rows, gather(starts, index));
  return {
    lengths,
    starts,
    longest,
    shortest: reduceMin(lengths),
    positions,
    valid: less(unsqueeze(positions, [0]), unsqueeze(lengths, [1])),
    cells: add(mul(index, longest), within),
  };
}

/**
 * Rows that positions within bags stand for; a position beyond the end of its bag gives the bag's
 * last row.
 * @param grid The grid.
 * @param positions Positions, `int64 […, bags, count]`.
 * @returns Rows of the packed layout, of the shape of `positions`.
 *
 * @example The first and the third instance of each bag
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagGrid, gridRows } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = bagGrid({ lengths: int64s([1, 3]), index: int64s([0, 1, 1, 1]) });
 * const positions = constant([0, 2, 0, 2], [2, 2], "int64");
 * const { data } = await evaluate(gridRows(grid, positions));
 * assertEquals([...data], [0n, 0n, 1n, 3n]); // the first bag has one instance only
 * ```
 *
 * @category Bags
 */
export function gridRows(grid: BagGrid, positions: Tensor): Tensor {
  const last = sub(unsqueeze(grid.lengths, [1]), 1);
  return add(min(positions, last), unsqueeze(grid.starts, [1]));
}

/**
 * From rows to the grid. Cells beyond the end of a bag repeat its last instance: mask them with
 * {@linkcode BagGrid.valid}.
 * @param values `[channels, instances]`.
 * @param grid The grid.
 * @returns `[channels, bags, longest]`.
 *
 * @example One score per instance, a line per bag
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagGrid, toGrid } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = bagGrid({ lengths: int64s([1, 3]), index: int64s([0, 1, 1, 1]) });
 * const scores = constant([5, 1, 2, 3], [1, 4]);
 * const { shape, data } = await evaluate(toGrid(scores, grid));
 * assertEquals([shape, [...data]], [[1, 2, 3], [5, 5, 5, 1, 2, 3]]);
 * ```
 *
 * @category Bags
 */
export function toGrid(values: Tensor, grid: BagGrid): Tensor {
  return gather(values, gridRows(grid, unsqueeze(grid.positions, [0])), 1);
}

/**
 * From the grid back to rows.
 * @param values `[channels, bags, longest]`.
 * @param grid The grid.
 * @returns `[channels, instances]`.
 *
 * @example Each score minus the best of its bag
 * ```ts
 * import { constant, evaluate, int64s, reduceMax, sub } from "@glovita/glovita/engine";
 * import { bagGrid, fromGrid, toGrid } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = bagGrid({ lengths: int64s([1, 3]), index: int64s([0, 1, 1, 1]) });
 * const cells = toGrid(constant([5, 1, 2, 3], [1, 4]), grid);
 * const best = reduceMax(cells, { axes: [2], keepdims: true });
 * const { data } = await evaluate(fromGrid(sub(cells, best), grid));
 * assertEquals([...data], [0, -2, -1, 0]);
 * ```
 *
 * @category Bags
 */
export function fromGrid(values: Tensor, grid: BagGrid): Tensor {
  const [channels, bags, longest] = values.shape;
  return gather(reshape(values, [channels, flatSize([bags, longest])]), grid.cells, 1);
}

/**
 * Which rows belong to which bag, as a matrix.
 * @param index Bag of each row, `int64 [rows]`.
 * @param lengths Instances per bag, `int64 [bags]`.
 * @returns `bool [bags, rows]`.
 *
 * @example The sum of each bag
 * ```ts
 * import { cast, constant, evaluate, int64s, matMul } from "@glovita/glovita/engine";
 * import { membership } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const member = membership(int64s([0, 1, 1, 1]), int64s([1, 3]));
 * const instances = constant([5, 1, 2, 3], [4, 1]);
 * const { data } = await evaluate(matMul(cast(member, "float32"), instances));
 * assertEquals([...data], [5, 6]);
 * ```
 *
 * @category Bags
 */
export function membership(index: Tensor, lengths: Tensor): Tensor {
  const bags = range(sizeOfAxis(lengths, 0), lengths.shape[0]);
  return equal(unsqueeze(bags, [1]), unsqueeze(index, [0]));
}

/**
 * The smaller of a number and a run-time `int64` scalar.
 * @param limit The number.
 * @param count The scalar.
 * @returns An `int64` scalar.
 *
 * @example The eight best of a bag, which has three instances
 * ```ts
 * import { evaluate, scalar } from "@glovita/glovita/engine";
 * import { atMost } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(atMost(8, scalar(3, "int64")));
 * assertEquals([...data], [3n]);
 * ```
 *
 * @category Bags
 */
export function atMost(limit: number, count: Tensor): Tensor {
  return min(count, scalar(limit, "int64"));
}
