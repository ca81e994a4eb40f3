/**
 * From the instances of packed bags to one vector per bag: weighted sums, means and maxima.
 * @module
 */
import { cast, detach, div } from "../ir/elementwise.ts";
import { equal, where } from "../ir/logic.ts";
import { reshape, unsqueeze } from "../ir/layout.ts";
import { gather } from "../ir/indexing.ts";
import { gemm, reduceMax, softmax } from "../ir/matrix.ts";
import { flatSize } from "../ir/dims.ts";
import type { Tensor } from "../ir/node.ts";
import {
  type BagGrid,
  bagGrid,
  type Bags,
  fromGrid,
  gridRows,
  membership,
  toGrid,
} from "./bags.ts";

/**
 * Softmax over the instances of each bag.
 * @param scores `[channels, instances]`.
 * @param grid The bags.
 * @returns `[channels, instances]`: in each channel the weights of a bag add up to 1.
 *
 * @example Equal scores share, whatever the neighbours score
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagGrid, bagSoftmax } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = bagGrid({ lengths: int64s([1, 2]), index: int64s([0, 1, 1]) });
 * const { data } = await evaluate(bagSoftmax(constant([9, 3, 3], [1, 3]), grid));
 * assertEquals([...data], [1, 0.5, 0.5]);
 * ```
 *
 * @category Bags
 */
export function bagSoftmax(scores: Tensor, grid: BagGrid): Tensor {
  const cells = where(grid.valid, toGrid(scores, grid), -Infinity); // [channels, bags, longest]
  return fromGrid(softmax(cells), grid);
}

/**
 * Sums the instances of each bag by weight.
 * @param weights `[channels, instances]`.
 * @param rows `[instances, width]`.
 * @param bags The bags.
 * @returns `[channels, bags, width]`.
 *
 * @example Two ways to weigh three instances
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagSums } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const bags = { lengths: int64s([1, 2]), index: int64s([0, 1, 1]) };
 * const weights = constant([1, 1, 1, 0, 0.5, 2], [2, 3]);
 * const { data } = await evaluate(bagSums(weights, constant([5, 6, 7], [3, 1]), bags));
 * assertEquals([...data], [5, 13, 0, 17]);
 * ```
 *
 * @category Bags
 */
export function bagSums(weights: Tensor, rows: Tensor, { lengths, index }: Bags): Tensor {
  const [channels, count] = [weights.shape[0], lengths.shape[0]];
  const inside = membership(index, lengths); // [bags, instances]
  const ofBag = where(inside, unsqueeze(weights, [1]), 0); // [channels, bags, instances]
  const lines = reshape(ofBag, [flatSize([channels, count]), rows.shape[0]]);
  return reshape(gemm(lines, rows), [channels, count, rows.shape[1]]);
}

/**
 * Mean of the instances of each bag.
 * @param rows `[instances, width]`.
 * @param bags The bags.
 * @returns `[bags, width]`.
 *
 * @example A bag of one and a bag of two instances
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagMeans } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const bags = { lengths: int64s([1, 2]), index: int64s([0, 1, 1]) };
 * const { data } = await evaluate(bagMeans(constant([5, 6, 8], [3, 1]), bags));
 * assertEquals([...data], [5, 7]);
 * ```
 *
 * @category Bags
 */
export function bagMeans(rows: Tensor, { lengths, index }: Bags): Tensor {
  const inside = cast(membership(index, lengths), "float32");
  return div(gemm(inside, rows), unsqueeze(cast(lengths, "float32"), [1]));
}

/**
 * Largest value of each column over the instances of each bag; ties share the gradient evenly, as
 * `torch.amax`.
 * @param rows `[instances, width]`.
 * @param bags The bags.
 * @returns `[bags, width]`.
 *
 * @example A bag of one and a bag of two instances
 * ```ts
 * import { constant, evaluate, int64s } from "@glovita/glovita/engine";
 * import { bagMaxima } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const bags = { lengths: int64s([1, 2]), index: int64s([0, 1, 1]) };
 * const { data } = await evaluate(bagMaxima(constant([5, 6, 8], [3, 1]), bags));
 * assertEquals([...data], [5, 8]);
 * ```
 *
 * @category Bags
 */
export function bagMaxima(rows: Tensor, bags: Bags): Tensor {
  const grid = bagGrid(bags);
  // Cells beyond the end of a bag repeat its last instance, which changes no maximum.
  const cells = gather(rows, gridRows(grid, unsqueeze(grid.positions, [0])));
  const largest = detach(reduceMax(cells, { axes: [1] })); // [bags, width]
  // The gradient takes a product with the rows that attain it instead of the way through the grid.
  const attained = equal(rows, gather(largest, bags.index));
  const inside = cast(membership(bags.index, bags.lengths), "float32");
  const ties = gemm(inside, cast(attained, "float32"));
  return div(gemm(inside, where(attained, rows, 0)), ties);
}
