/**
 * The largest value of each feature over a bag's instances, and one linear layer.
 * Importing this module adds `max_pool` to the `head_type` slot.
 * @module
 */
import { relu } from "../../engine/ir/elementwise.ts";
import { bagMaxima } from "../../engine/nn/bag_pooling.ts";
import { count, options, rate } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `max_pool` head.
 * @category Heads
 */
export interface MaxPoolConfig {
  /** Width that a linear layer and ReLU bring instances to before pooling. @default {null} */
  readonly hidden_dim: number | null;
  /** Dropout rate on the pooled vector. @default {0} */
  readonly dropout: number;
}

const config = options<MaxPoolConfig>({
  hidden_dim: count(null, "width of a linear layer with ReLU before pooling"),
  dropout: rate(0, "dropout rate on the pooled vector"),
});

/**
 * Max pooling of embeddings, as Ilse et al. 2018 compare with ("Embedding+max"): of each feature the
 * largest value over the instances of a bag, whichever instance has it.
 *
 * @example Two classes over bags of instances of 64 numbers
 * ```ts
 * import { buildModel, configure, maxPool, precomputed, precomputedFeatures } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const { parameters } = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 64 }),
 *   configure(maxPool, { hidden_dim: 16 }),
 * ], { sampleShape: [64], bags: true });
 * assertEquals(parameters.map(({ shape }) => shape), [[16, 64], [16], [2, 16], [2]]);
 * ```
 *
 * @category Heads
 */
export const maxPool: Plugin<"head_type", MaxPoolConfig> = {
  slot: "head_type",
  key: "max_pool",
  description: "the largest value of each feature over a bag, and one linear layer",
  config,
  create({ hidden_dim, dropout }, { scope, embedDim, numClasses }) {
    const project = hidden_dim ? scope.linear("feature_extractor.0", embedDim, hidden_dim) : null;
    const classifier = scope.linear("classifier.0", hidden_dim ?? embedDim, numClasses);
    return {
      input: "bag",
      forward({ features, bags }, context) {
        if (!bags) throw new TypeError("Cannot apply max_pool: the features come without bags");
        const instances = project ? relu(project(features, context)) : features;
        const pooled = bagMaxima(instances, bags); // [bags, width]
        const kept = context.training ? context.random.dropout(pooled, dropout) : pooled;
        return { logits: classifier(kept, context) };
      },
    };
  },
};

registry.add(maxPool);
