/**
 * The mean of a bag's instances, and one linear layer.
 * Importing this module adds `mean_pool` to the `head_type` slot.
 * @module
 */
import { relu } from "../../engine/ir/elementwise.ts";
import { bagMeans } from "../../engine/nn/bag_pooling.ts";
import { count, options, rate } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `mean_pool` head.
 * @category Heads
 */
export interface MeanPoolConfig {
  /** Width that a linear layer and ReLU bring instances to before pooling. @default {null} */
  readonly hidden_dim: number | null;
  /** Dropout rate on the pooled vector. @default {0} */
  readonly dropout: number;
}

const config = options<MeanPoolConfig>({
  hidden_dim: count(null, "width of a linear layer with ReLU before pooling"),
  dropout: rate(0, "dropout rate on the pooled vector"),
});

/**
 * Mean pooling of embeddings, as Ilse et al. 2018 compare with ("Embedding+mean"). With classes, the
 * logits of the mean are the mean of the instances' logits.
 *
 * @example Two classes over bags of instances of 64 numbers
 * ```ts
 * import { buildModel, configure, meanPool, precomputed, precomputedFeatures } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const { parameters } = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 64 }),
 *   configure(meanPool, { hidden_dim: 16 }),
 * ], { sampleShape: [64], bags: true });
 * assertEquals(parameters.map(({ shape }) => shape), [[16, 64], [16], [2, 16], [2]]);
 * ```
 *
 * @category Heads
 */
export const meanPool: Plugin<"head_type", MeanPoolConfig> = {
  slot: "head_type",
  key: "mean_pool",
  description: "the mean of a bag's instances, and one linear layer",
  config,
  create({ hidden_dim, dropout }, { scope, embedDim, numClasses }) {
    const project = hidden_dim ? scope.linear("feature_extractor.0", embedDim, hidden_dim) : null;
    const classifier = scope.linear("classifier.0", hidden_dim ?? embedDim, numClasses);
    return {
      input: "bag",
      forward({ features, bags }, context) {
        if (!bags) throw new TypeError("Cannot apply mean_pool: the features come without bags");
        const instances = project ? relu(project(features, context)) : features;
        const pooled = bagMeans(instances, bags); // [bags, width]
        const kept = context.training ? context.random.dropout(pooled, dropout) : pooled;
        return { logits: classifier(kept, context) };
      },
    };
  },
};

registry.add(meanPool);
