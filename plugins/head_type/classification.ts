/**
 * One linear layer over the embedding.
 * Importing this module adds `classification` to the `head_type` slot.
 * @module
 */
import { number, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `classification` head.
 * @category Heads
 */
export interface ClassificationConfig {
  /** Dropout rate on the embedding. @default {0} */
  readonly dropout: number;
}

const config = options<ClassificationConfig>({
  dropout: number(0, "dropout rate on the embedding", { min: 0, max: 1 }),
});

/**
 * Dropout, then `torch.nn.Linear(embed_dim, num_classes)`, in the state dict as `fc.fc`.
 *
 * @example Ten classes over features of 64 numbers
 * ```ts
 * import { buildModel, classification, configure, precomputed, precomputedFeatures } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const { parameters } = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 10, ...files }),
 *   configure(precomputed, { feature_dim: 64 }),
 *   configure(classification, { dropout: 0.1 }),
 * ], { sampleShape: [64] });
 * assertEquals(parameters.map(({ name, shape }) => `${name} ${shape.join("x")}`), [
 *   "head.fc.fc.weight 10x64",
 *   "head.fc.fc.bias 10",
 * ]);
 * ```
 *
 * @category Heads
 */
export const classification: Plugin<"head_type", ClassificationConfig> = {
  slot: "head_type",
  key: "classification",
  description: "one linear layer over the embedding",
  config,
  create({ dropout }, { scope, embedDim, numClasses, task }) {
    if (task !== "Classification") {
      throw new RangeError(`expected a head for ${task}, this one predicts classes`);
    }
    const fc = scope.linear("fc.fc", embedDim, numClasses);
    return {
      input: "embedding",
      forward({ features }, context) {
        const kept = context.training ? context.random.dropout(features, dropout) : features;
        return { logits: fc(kept, context) }; // [batch, num_classes]
      },
    };
  },
};

registry.add(classification);
