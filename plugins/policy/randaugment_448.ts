/**
 * GloViTa's training transform of ImageNet, with RandAugment.
 * Importing this module adds `randaugment_448` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { flip, randAugmentSteps } from "./_training.ts";

/**
 * Config of the `randaugment_448` policy.
 * @category Policies
 */
export interface Randaugment448Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Randaugment448Config>({ interpolation });

/**
 * Cuts out a random place of 8 to 100 % of the area, as torchvision does, makes it as large as the
 * encoder wants it, or else 448 pixels, mirrors half of the images, takes two operations of
 * RandAugment, and normalizes.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { randaugment448 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = randaugment448.create({ interpolation: null }, context);
 * assertEquals(size, [448, 448]);
 * assertEquals(operations.map(({ op }) => op), ["random_resized_crop", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const randaugment448: Plugin<"policy", Randaugment448Config> = {
  slot: "policy",
  key: "randaugment_448",
  description: "random resized crop, flip, RandAugment, as GloViTa trains ImageNet",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    const { size, first } = resizedCrop(context, options.interpolation, { side: 448 });
    return {
      channels,
      size,
      operations: [
        first,
        flip("horizontal", 0.5),
        ...randAugmentSteps(),
        normalization(context),
      ],
    };
  },
};

registry.add(randaugment448);
