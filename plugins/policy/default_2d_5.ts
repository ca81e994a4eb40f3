/**
 * GloViTa's training transform for images, which changes most.
 * Importing this module adds `default_2d_5` to the `policy` slot.
 * @module
 */
import type { PixelOperation } from "../../engine/images/pixel_operation.ts";
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { flip, sometimes } from "./_training.ts";

const AFFINE: PixelOperation = {
  op: "affine",
  scale: [0.85, 1.15],
  shear: 8,
  shift: 0.08,
  border: "black",
};

/** Changes of color, of which an image gets one. */
const COLORS: readonly (readonly PixelOperation[])[] = [
  [{ op: "color_jitter", brightness: 0.25, contrast: 0.25, saturation: 0.2, hue: 0.04 }],
  [{ op: "brightness_contrast", brightness: 0.2, contrast: 0.2 }],
];

/** Blurs, of which an image gets one. */
const BLURS: readonly (readonly PixelOperation[])[] = [
  [{ op: "gaussian_blur", size: [3, 7], sigma: [0.5, 3] }],
  [{ op: "motion_blur", size: [3, 7] }],
];

/**
 * Config of the `default_2d_5` policy.
 * @category Policies
 */
export interface Default2d5Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2d5Config>({ interpolation });

/**
 * Cuts out a random place of 60 to 100 % of the area, makes it as large as the encoder wants it, or
 * else 224 pixels, mirrors half of the images each way, rotates six of ten by any angle, scales,
 * shears and shifts three of ten, changes colors or brightness of seven of ten, blurs some, adds
 * noise to some, covers holes in some, and normalizes.
 *
 * @example Its steps
 * ```ts
 * import { default2d5 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } } as const;
 * const { size, operations } = default2d5.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["random_resized_crop", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2d5: Plugin<"policy", Default2d5Config> = {
  slot: "policy",
  key: "default_2d_5",
  description: "random resized crop, flips, rotations, affine maps, colors, blurs, noise, holes",
  config,
  create(options, context) {
    const { size, first } = resizedCrop(context, options.interpolation, {
      side: 224,
      area: [0.6, 1],
      ratio: [0.75, 1.3333],
    });
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        first,
        flip("horizontal", 0.5),
        flip("vertical", 0.5),
        sometimes(0.6, { op: "rotate", degrees: [-180, 180] }),
        sometimes(0.3, AFFINE),
        sometimes(0.7, { op: "one_of", choices: COLORS }),
        sometimes(0.2, { op: "one_of", choices: BLURS }),
        sometimes(0.2, { op: "noise", sigma: [0.01, 0.05] }),
        sometimes(0.2, { op: "holes", count: [1, 6], side: [0.05, 0.18] }),
        normalization(context),
      ],
    };
  },
};

registry.add(default2d5);
