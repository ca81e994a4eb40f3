/**
 * The identity, for features that an encoder has computed before.
 * Importing this module adds `precomputed` to the `encoder_type` slot.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { count, options, required } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `precomputed` encoder.
 * @category Encoders
 */
export interface PrecomputedConfig {
  /** Width of the features; must equal the files' D. */
  readonly feature_dim: number;
}

const config = options<PrecomputedConfig>({
  feature_dim: count(required, "width of the features, as in the files"),
});

/**
 * Passes features on as they are.
 *
 * @example Features of another width are found before training
 * ```ts
 * import { buildModel, configure, DataError, precomputed, precomputedFeatures } from
 *   "@glovita/glovita";
 * import { assertRejects } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const config = [
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 768 }),
 * ];
 * await buildModel(config, { sampleShape: [768] });
 * await assertRejects(() => buildModel(config, { sampleShape: [1024] }), DataError, "1024 wide");
 * ```
 *
 * @category Encoders
 */
export const precomputed: Plugin<"encoder_type", PrecomputedConfig> = {
  slot: "encoder_type",
  key: "precomputed",
  description: "features computed before, passed on as they are",
  config,
  create({ feature_dim }, { sampleShape, source }) {
    if (sampleShape.length !== 1 || sampleShape[0] !== feature_dim) {
      throw new DataError(
        `Cannot use "${source}": its features are ${sampleShape.join("×")} wide, ` +
          `model.encoder.feature_dim is ${feature_dim}`,
        { file: source },
      );
    }
    return { output: "features", embedDim: feature_dim, forward: (features) => features };
  },
};

registry.add(precomputed);
