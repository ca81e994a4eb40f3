/**
 * GloViTa's training transform for images, with RandAugment.
 * Importing this module adds `default_2d_randaugment` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";
import { cutout, flip, randAugmentSteps } from "./_training.ts";

/**
 * Config of the `default_2d_randaugment` policy.
 * @category Policies
 */
export interface Default2dRandaugmentConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2dRandaugmentConfig>({ interpolation });

/**
 * Resizes as `shared_default_2d`, crops a random place, mirrors half of the images, takes two operations
 * of RandAugment, covers a square of `cutout_size`, 16 where not given, and normalizes.
 *
 * @example Its steps
 * ```ts
 * import { default2dRandaugment } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = default2dRandaugment.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "cutout", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2dRandaugment: Plugin<"policy", Default2dRandaugmentConfig> = {
  slot: "policy",
  key: "default_2d_randaugment",
  description: "random crop, flip, RandAugment, cutout",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    const { size, resize } = beginning(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        resize,
        { op: "random_crop", size },
        flip("horizontal", 0.5),
        ...randAugmentSteps(),
        cutout(context.cutoutSize ?? 16, channels),
        normalization(context),
      ],
    };
  },
};

registry.add(default2dRandaugment);
