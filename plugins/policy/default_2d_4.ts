/**
 * GloViTa's training transform for images, which changes much.
 * Importing this module adds `default_2d_4` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { flip, sometimes } from "./_training.ts";

/**
 * Config of the `default_2d_4` policy.
 * @category Policies
 */
export interface Default2d4Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2d4Config>({ interpolation });

/**
 * Cuts out a random place of 70 to 100 % of the area, makes it as large as the encoder wants it, or
 * else 224 pixels, mirrors half of the images each way, rotates half of them by up to 90°, changes
 * the colors of six of ten, blurs some, adds noise to some, and normalizes.
 *
 * @example Its steps
 * ```ts
 * import { default2d4 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } } as const;
 * const { size, operations } = default2d4.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["random_resized_crop", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2d4: Plugin<"policy", Default2d4Config> = {
  slot: "policy",
  key: "default_2d_4",
  description: "random resized crop, flips, rotations, color jitter, blur, noise",
  config,
  create(options, context) {
    const { size, first } = resizedCrop(context, options.interpolation, {
      side: 224,
      area: [0.7, 1],
      ratio: [0.8, 1.25],
    });
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        first,
        flip("horizontal", 0.5),
        flip("vertical", 0.5),
        sometimes(0.5, { op: "rotate", degrees: [-90, 90] }),
        sometimes(0.6, {
          op: "color_jitter",
          brightness: 0.2,
          contrast: 0.2,
          saturation: 0.2,
          hue: 0.03,
        }),
        sometimes(0.15, { op: "gaussian_blur", size: [3, 5], sigma: [0.5, 3] }),
        sometimes(0.15, { op: "noise", sigma: [0.01, 0.04] }),
        normalization(context),
      ],
    };
  },
};

registry.add(default2d4);
