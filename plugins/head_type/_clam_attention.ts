/**
 * Attention over the instances of packed bags: dropping, softmax within bags, pooling.
 */
import { flatSize } from "../../engine/ir/dims.ts";
import { equal, greaterOrEqual, or, where } from "../../engine/ir/logic.ts";
import { reshape, unsqueeze } from "../../engine/ir/layout.ts";
import { argMax, gemm } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { type BagGrid, type Bags, membership, toGrid } from "../../engine/nn/bags.ts";
import type { RowBlock } from "../../engine/nn/row_blocks.ts";
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

/** A block of rows: its part of things, and its projected features. */
export interface ProjectedBlock extends RowBlock {
  /** `[rows of the block, hidden_dim]`. */
  readonly projected: Tensor;
}

/**
 * Sums projected features of each bag by weight.
 * @param weights `[branches, instances]`.
 * @param blocks All rows.
 * @param bags The bags.
 * @returns `[branches, bags, hidden_dim]`.
 */
export function pool(weights: Tensor, blocks: readonly ProjectedBlock[], bags: Bags): Tensor {
  const [branches, count] = [weights.shape[0], bags.lengths.shape[0]];
  let sum: Tensor | undefined;
  for (const block of blocks) {
    const inside = membership(block.bagIndex(bags.index), bags.lengths); // [bags, rows]
    const ofBag = where(inside, unsqueeze(block.cut(weights, 1), [1]), 0); // [branches, bags, rows]
    const lines = reshape(ofBag, [flatSize([branches, count]), block.projected.shape[0]]);
    sum = gemm(lines, block.projected, { c: sum });
  }
  return reshape(sum!, [branches, count, sum!.shape[1]]);
}
