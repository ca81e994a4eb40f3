/**
 * Stochastic depth (Huang et al. 2016), timm's DropPath: in training a branch is left out for
 * single samples.
 * @module
 */
import { scalar } from "../../ir/create.ts";
import { mul } from "../../ir/elementwise.ts";
import { expand } from "../../ir/layout.ts";
import type { Tensor } from "../../ir/node.ts";
import type { ForwardContext } from "../scope.ts";

/**
 * Leaves out samples of a branch, and scales the others up so that the mean stays.
 * @param x `[batch, …]`.
 * @param rate Share of the samples that is left out.
 * @param context Mode and random numbers.
 */
export function dropPath(x: Tensor, rate: number, context: ForwardContext): Tensor {
  if (!context.training || rate === 0) return x;
  const shape = x.shape.map((dim, axis) => axis === 0 ? dim : 1); // [batch, 1, …]
  return mul(x, context.random.dropout(expand(scalar(1), shape, x), rate));
}

/**
 * Rates that grow with depth, from 0 to `rate` (`timm.layers.calculate_drop_path_rates`).
 * @param rate Rate of the last block.
 * @param depth Number of blocks.
 */
export function dropPathRates(rate: number, depth: number): readonly number[] {
  return Array.from({ length: depth }, (_, index) => depth > 1 ? rate * index / (depth - 1) : 0);
}
