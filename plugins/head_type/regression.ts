/**
 * One linear layer that predicts real values.
 * Importing this module adds `regression` to the `head_type` slot.
 * @module
 */
import { count, number, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `regression` head.
 * @category Heads
 */
export interface RegressionConfig {
  /** Dropout rate on the embedding. @default {0} */
  readonly dropout: number;
  /** Number of predicted values. @default {1} */
  readonly out_dim: number;
}

const config = options<RegressionConfig>({
  dropout: number(0, "dropout rate on the embedding", { min: 0, max: 1 }),
  out_dim: count(1, "number of predicted values"),
});

/**
 * Dropout, then `torch.nn.Linear(embed_dim, out_dim)`, in the state dict as `net.1`.
 *
 * @example Two values from features of 64 numbers
 * ```ts
 * import { buildModel, configure, precomputed, precomputedFeatures, regression } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const { subtask, parameters } = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, task: "Regression", ...files }),
 *   configure(precomputed, { feature_dim: 64 }),
 *   configure(regression, { out_dim: 2 }),
 * ], { sampleShape: [64] });
 * assertEquals([subtask, ...parameters.map(({ shape }) => shape)], ["regression", [2, 64], [2]]);
 * ```
 *
 * @category Heads
 */
export const regression: Plugin<"head_type", RegressionConfig> = {
  slot: "head_type",
  key: "regression",
  description: "one linear layer that predicts real values",
  config,
  create({ dropout, out_dim }, { scope, embedDim, numClasses, task }) {
    if (task !== "Regression") {
      throw new RangeError(`expected a head for ${task}, this one predicts real values`);
    }
    if (out_dim !== numClasses) {
      throw new RangeError(
        `expected out_dim ${numClasses} as data.num_classes, received ${out_dim}`,
      );
    }
    const net = scope.linear("net.1", embedDim, out_dim);
    return {
      input: "embedding",
      forward({ features }, context) {
        const kept = context.training ? context.random.dropout(features, dropout) : features;
        return { logits: net(kept, context) }; // [batch, out_dim]
      },
    };
  },
};

registry.add(regression);
