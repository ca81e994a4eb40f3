/**
 * GloViTa's training transform of ImageNet at 224 pixels, with RandAugment.
 * Importing this module adds `randaugment_224` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";
import { flip, randAugmentSteps } from "./_training.ts";

/**
 * Config of the `randaugment_224` policy.
 * @category Policies
 */
export interface Randaugment224Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Randaugment224Config>({ interpolation });

/**
 * Resizes as `shared_default_2d`, crops a random place, mirrors half of the images, takes two operations
 * of RandAugment, and normalizes.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { randaugment224 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = randaugment224.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const randaugment224: Plugin<"policy", Randaugment224Config> = {
  slot: "policy",
  key: "randaugment_224",
  description: "resize, random crop, flip, RandAugment, as GloViTa trains ImageNet",
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
        normalization(context),
      ],
    };
  },
};

registry.add(randaugment224);
