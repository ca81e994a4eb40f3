/**
 * From an encoder's output to one embedding per sample.
 * @module
 */
import { concat, squeeze } from "../ir/layout.ts";
import { slice } from "../ir/indexing.ts";
import { reduceMean, reduceSum } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * The ways in which tokens become one embedding; `poolTokens` says what each does.
 *
 * @example A method by its name
 * ```ts
 * import { AGGREGATION_METHODS } from "@glovita/glovita/nn";
 * import { assert } from "@std/assert";
 *
 * assert(AGGREGATION_METHODS.includes("mean_all"));
 * ```
 *
 * @category Pooling
 */
export const AGGREGATION_METHODS = ["cls_token", "avg", "sum", "mean_all", "joint"] as const;

/**
 * How tokens become one embedding.
 * @category Pooling
 */
export type AggregationMethod = typeof AGGREGATION_METHODS[number];

/**
 * Pools tokens.
 * @param tokens `[batch, tokens, embed_dim]`, prefix tokens first.
 * @param method `cls_token` the first token; `avg` and `sum` the mean and sum of the patch tokens;
 *   `mean_all` the mean of all; `joint` the class token beside `avg`, twice as wide.
 * @param prefixTokens How many tokens precede the patches.
 * @returns `[batch, embed_dim]`, or `[batch, 2 · embed_dim]` for `joint`.
 */
export function poolTokens(
  tokens: Tensor,
  method: AggregationMethod,
  prefixTokens: number,
): Tensor {
  const count = Number(tokens.shape[1]);
  const first = () => squeeze(slice(tokens, 1, 0, 1), [1]);
  const patches = () => slice(tokens, 1, prefixTokens, count);
  switch (method) {
    case "cls_token":
      return first();
    case "avg":
      return reduceMean(patches(), { axes: [1] });
    case "sum":
      return reduceSum(patches(), { axes: [1] });
    case "mean_all":
      return reduceMean(tokens, { axes: [1] });
    case "joint":
      return concat([first(), reduceMean(patches(), { axes: [1] })], 1);
  }
}

/**
 * Averages maps over their positions.
 * @param maps `[batch, embed_dim, height, width]`.
 * @returns `[batch, embed_dim]`.
 */
export function poolMaps(maps: Tensor): Tensor {
  return reduceMean(maps, { axes: [2, 3] });
}
