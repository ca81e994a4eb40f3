/**
 * Attention over the instances of packed bags: dropping, softmax within bags, pooling.
 */
import { equal, greaterOrEqual, or, where } from "../../engine/ir/elementwise.ts";
import { reshape, unsqueeze } from "../../engine/ir/layout.ts";
import { argMax, gemm } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { type BagGrid, type Bags, flatDim, membership, toGrid } from "../../engine/nn/bags.ts";
import type { RandomStream } from "../../engine/nn/random.ts";

/** What a dropped attention logit becomes: finite, so that it still ranks above padding. */
const DROPPED = -3.4028234663852886e38;

/**
 * Lays attention logits out in the grid.
 * @param attention `[branches, instances]`.
 * @param grid The bags.
 * @returns `[branches, bags, longest]`, -Infinity beyond a bag's end.
 */
export function gridScores(attention: Tensor, grid: BagGrid): Tensor {
  return where(grid.valid, toGrid(attention, grid), -Infinity);
}

/**
 * Drops attention logits, but never the highest of a bag in a branch.
 * @param scores What {@linkcode gridScores} gave.
 * @param rate Probability of each logit to be dropped.
 * @param options The bags, the logits in packed layout, and random numbers.
 */
export function dropScores(scores: Tensor, rate: number, { grid, attention, random }: {
  readonly grid: BagGrid;
  readonly attention: Tensor;
  readonly random: RandomStream;
}): Tensor {
  const kept = greaterOrEqual(toGrid(random.uniform(attention), grid), rate);
  const highest = equal(grid.positions, argMax(scores, -1, true));
  const padding = equal(scores, -Infinity);
  return where(or(or(kept, highest), padding), scores, DROPPED);
}

/**
 * Sums projected features of each bag by weight.
 * @param weights `[branches, rows]`.
 * @param projected `[rows, hidden_dim]`.
 * @param bags Lengths of all bags, and the bag of each row.
 * @returns `[branches * bags, hidden_dim]`.
 */
export function pool(weights: Tensor, projected: Tensor, { lengths, index }: Bags): Tensor {
  const [branches, rows] = weights.shape;
  const inside = membership(index, lengths); // [bags, rows]
  const spread = where(inside, unsqueeze(weights, [1]), 0); // [branches, bags, rows]
  return gemm(reshape(spread, [flatDim(branches, lengths.shape[0]), rows]), projected);
}
