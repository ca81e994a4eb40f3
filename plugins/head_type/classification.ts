/**
 * One linear layer over the embedding.
 * Importing this module adds `classification` to the `head_type` slot.
 * @module
 */
import { normal, zeros } from "../../engine/nn/initializers.ts";
import { nonNegative, number, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `classification` head.
 * @category Heads
 */
export interface ClassificationConfig {
  /** Dropout rate on the embedding. @default {0} */
  readonly dropout: number;
  /**
   * Standard deviation of normal initial weights, with a bias of zeros; `null` is PyTorch's uniform
   * default. @default {null}
   */
  readonly init_std: number | null;
}

const config = options<ClassificationConfig>({
  dropout: number(0, "dropout rate on the embedding", { min: 0, max: 1 }),
  init_std: nonNegative(
    null,
    "standard deviation of normal initial weights, with a bias of zeros; PyTorch's uniform " +
      "default where not given",
  ),
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
  create({ dropout, init_std }, { scope, embedDim, numClasses, task }) {
    if (task !== "Classification") {
      throw new RangeError(`expected a head for ${task}, this one predicts classes`);
    }
    const initial = init_std === null
      ? {}
      : { weightInitializer: normal(init_std), biasInitializer: zeros };
    const fc = scope.linear("fc.fc", embedDim, numClasses, initial);
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
