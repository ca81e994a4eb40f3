/**
 * GloViTa's training transform of CIFAR, with RandAugment.
 * Importing this module adds `randaugment` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { cifarSizes, cutout, flip, randAugmentSteps } from "./_training.ts";

/**
 * Config of the `randaugment` policy.
 * @category Policies
 */
export interface RandaugmentConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<RandaugmentConfig>({ interpolation });

/**
 * Brings the shorter side to `crop_size`, 32 where not given, crops a random place after padding by 4
 * black pixels, mirrors half of the images, takes two operations of RandAugment, covers a square of
 * `cutout_size`, 16 where not given, and normalizes. An encoder for larger images gets them enlarged
 * at the end; GloViTa stops there.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { randaugment } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { operations } = randaugment.create({ interpolation: null }, context);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "cutout", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const randaugment: Plugin<"policy", RandaugmentConfig> = {
  slot: "policy",
  key: "randaugment",
  description: "random crop, flip, RandAugment, cutout, as GloViTa trains CIFAR",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    const { size, cropped, first, last } = cifarSizes(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        first,
        { op: "random_crop", size: cropped, padding: 4 },
        flip("horizontal", 0.5),
        ...randAugmentSteps(),
        cutout(context.cutoutSize ?? 16, channels),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(randaugment);
