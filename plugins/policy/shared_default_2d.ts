/**
 * GloViTa's evaluation transform for images.
 * Importing this module adds `shared_default_2d` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";

/**
 * Config of the `shared_default_2d` policy.
 * @category Policies
 */
export interface SharedDefault2dConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<SharedDefault2dConfig>({ interpolation });

/**
 * Resizes the shorter side to `resize_size`, or else to `round(image_size / crop_pct)` of the
 * encoder, which is 256 for images of 224 where the encoder says nothing, crops the middle and
 * normalizes. GloViTa resizes without smoothing what is shrunk; here it is smoothed, as PIL and
 * torchvision do.
 *
 * @example The shorter side becomes `resize_size`, the crop the encoder's size
 * ```ts
 * import { sharedDefault2d } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 }, resizeSize: 300 };
 * const { operations } = sharedDefault2d.create({ interpolation: null }, context);
 * assertEquals(operations.slice(0, 2), [
 *   { op: "resize_shorter", size: 300, interpolation: "bilinear" },
 *   { op: "center_crop", size: [224, 224] },
 * ]);
 * ```
 *
 * @category Policies
 */
export const sharedDefault2d: Plugin<"policy", SharedDefault2dConfig> = {
  slot: "policy",
  key: "shared_default_2d",
  description: "resize the shorter side, crop the middle, normalize",
  config,
  create(options, context) {
    const { size, resize } = beginning(context, options.interpolation);
    const { channels } = context.preprocessing;
    const operations = [resize, { op: "center_crop", size } as const, normalization(context)];
    return { channels, size, operations };
  },
};

registry.add(sharedDefault2d);
