/**
 * GloViTa's training transform of AID, from large crops.
 * Importing this module adds `aid_large_crop` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageSize } from "../../engine/images/transform.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization, squareSize } from "./_evaluation.ts";
import { flip, sometimes } from "./_training.ts";

/** Height and width where nobody says any. */
const DEFAULT_SIZE: ImageSize = [224, 224];

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
    const size = squareSize(context.imageSize) ?? context.preprocessing.imageSize ?? DEFAULT_SIZE;
    const crop = context.cropSize ?? 600;
    const interpolation = options.interpolation ?? context.preprocessing.interpolation ??
      "bilinear";
    return {
      channels,
      size,
      operations: [
        { op: "resize_shorter", size: context.resizeSize ?? 640, interpolation },
        { op: "random_crop", size: [crop, crop] },
        flip("horizontal", 0.5),
        flip("vertical", 0.5),
        sometimes(0.5, { op: "rotate", degrees: [-180, 180] }),
        sometimes(0.5, {
          op: "color_jitter",
          brightness: 0.2,
          contrast: 0.2,
          saturation: 0.2,
          hue: 0,
        }),
        { op: "resize", size, interpolation },
        normalization(context),
      ],
    };
  },
};

registry.add(aidLargeCrop);
