/**
 * GloViTa's training transform of CIFAR and of ImageNet, with AutoAugment.
 * Importing this module adds `autoaugment` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { CIFAR_PAIR, IMAGENET_PAIR } from "./_auto_pairs.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { cifarSizes, cutout, flip } from "./_training.ts";

/**
 * Config of the `autoaugment` policy.
 * @category Policies
 */
export interface AutoaugmentConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<AutoaugmentConfig>({ interpolation });

/**
 * Brings the shorter side to `crop_size`, 32 where not given, crops a random place after padding by 4
 * black pixels, mirrors half of the images, takes one of 25 pairs of operations that AutoAugment
 * found for CIFAR-10, covers a square of `cutout_size`, 16 where not given, and normalizes. An encoder
 * for larger images gets them enlarged at the end. Images of the dataset `imagenet` instead become a
 * random resized crop, a flip and one of the pairs that AutoAugment found for ImageNet.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { autoaugment } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = autoaugment.create({ interpolation: null }, context);
 * assertEquals(size, [32, 32]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "one_of", "cutout", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const autoaugment: Plugin<"policy", AutoaugmentConfig> = {
  slot: "policy",
  key: "autoaugment",
  description:
    "random crop, flip, AutoAugment, cutout, as GloViTa trains CIFAR; for ImageNet its own",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    if (context.dataset === "imagenet") {
      const { size, first } = resizedCrop(context, options.interpolation, { side: 224 });
      const steps = [first, flip("horizontal", 0.5), IMAGENET_PAIR, normalization(context)];
      return { channels, size, operations: steps };
    }
    const { size, cropped, first, last } = cifarSizes(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        first,
        { op: "random_crop", size: cropped, padding: 4 },
        flip("horizontal", 0.5),
        CIFAR_PAIR,
        cutout(context.cutoutSize ?? 16, channels),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(autoaugment);
