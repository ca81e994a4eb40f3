/**
 * GloViTa's training transform of AID, from large crops.
 * Importing this module adds `aid_large_crop` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { aidSizes, changesOfAnyAngle } from "./_steps.ts";

/**
 * Config of the `aid_large_crop` policy.
 * @category Policies
 */
export interface AidLargeCropConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<AidLargeCropConfig>({ interpolation });

/**
 * Brings the shorter side to `resize_size`, 640 where not given, crops a random place of `crop_size`, 600
 * where not given, mirrors half of the images each way, rotates half of them by any angle, changes the
 * colors of half of them, makes them as large as the encoder wants them, or else 224 pixels, and
 * normalizes.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { aidLargeCrop } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = aidLargeCrop.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "random_apply", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const aidLargeCrop: Plugin<"policy", AidLargeCropConfig> = {
  slot: "policy",
  key: "aid_large_crop",
  description: "resize, large random crop, flips, rotation, color jitter, resize",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    const { size, crop, first, last } = aidSizes(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        first,
        { op: "random_crop", size: crop },
        ...changesOfAnyAngle(0.2),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(aidLargeCrop);
