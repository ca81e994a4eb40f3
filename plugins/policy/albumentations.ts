/**
 * GloViTa's training transform of CIFAR, with operations of albumentations.
 * Importing this module adds `albumentations` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { cifarSizes, flip, sometimes } from "./_training.ts";

/**
 * Config of the `albumentations` policy.
 * @category Policies
 */
export interface AlbumentationsConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<AlbumentationsConfig>({ interpolation });

/**
 * Brings the shorter side to `crop_size`, 32 where not given. Each of these happens to a fifth of the
 * images: inverted, mirrored border of 2 pixels, flip, change of brightness and contrast, shift,
 * equalized channels, negated high values; a random place is cropped before the flip. Then it
 * normalizes. An encoder for larger images gets them enlarged at the end.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { albumentations } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } } as const;
 * const { size, operations } = albumentations.create({ interpolation: null }, context);
 * assertEquals(size, [32, 32]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_apply", "random_pad", "random_crop", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const albumentations: Plugin<"policy", AlbumentationsConfig> = {
  slot: "policy",
  key: "albumentations",
  description:
    "invert, pad, crop, flip, brightness, shift, equalize, solarize, as GloViTa trains CIFAR",
  config,
  create(options, context) {
    const { size, cropped, first, last } = cifarSizes(context, options.interpolation);
    const [height, width] = cropped;
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        first,
        sometimes(0.2, { op: "invert" }),
        { op: "random_pad", size: [height + 4, width + 4], probability: 0.2 },
        { op: "random_crop", size: cropped },
        flip("horizontal", 0.2),
        sometimes(0.2, { op: "brightness_contrast", brightness: 0.2, contrast: 0.2 }),
        sometimes(0.2, { op: "affine", scale: [1, 1], shear: 0, shift: 0.2, border: "mirrored" }),
        sometimes(0.2, { op: "equalize" }),
        sometimes(0.2, { op: "solarize", threshold: 128 }),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(albumentations);
