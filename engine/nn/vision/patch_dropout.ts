/**
 * Patch dropout (Liu et al. 2023), timm's PatchDropout: training leaves out patches of each image, and
 * the time that they would take.
 * @module
 */
import { concat, squeeze } from "../../ir/layout.ts";
import { oneHot, slice, topK } from "../../ir/indexing.ts";
import { matMul } from "../../ir/matrix.ts";
import type { Layer } from "../scope.ts";

/**
 * Keeps some patches of each image, in random order, and all prefix tokens; evaluation keeps all.
 * @param rate Share of the patches that is left out.
 * @param prefixTokens How many tokens precede the patches.
 * @returns A layer from `[batch, prefix + patches, dim]` to fewer tokens.
 */
export function patchDropout(rate: number, prefixTokens: number): Layer {
  return (tokens, { training, random }) => {
    if (!training || rate === 0) return tokens;
    const count = Number(tokens.shape[1]);
    const patches = count - prefixTokens;
    const kept = Math.max(1, Math.trunc(patches * (1 - rate)));
    const all = slice(tokens, 1, prefixTokens, count);
    const scores = random.uniform(slice(all, 2, 0, 1)); // [batch, patches, 1]
    const { indices } = topK(squeeze(scores, [2]), kept);
    // A product with rows of the unit matrix, whose gradient is another product.
    const chosen = matMul(oneHot(indices, patches), all);
    return prefixTokens === 0 ? chosen : concat([slice(tokens, 1, 0, prefixTokens), chosen], 1);
  };
}
