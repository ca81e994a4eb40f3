/**
 * GloViTa's training transform for images, which changes little.
 * Importing this module adds `default_2d_2` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";
import { changesOf2d2 } from "./_steps.ts";

/**
 * Config of the `default_2d_2` policy.
 * @category Policies
 */
export interface Default2d2Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2d2Config>({ interpolation });

/**
 * Resizes as `shared_default_2d`, crops a random place, mirrors half of the images and a fifth
 * upside down, rotates three of ten by up to 20°, and normalizes.
 *
 * @example Its steps
 * ```ts
 * import { default2d2 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { operations } = default2d2.create({ interpolation: null }, context);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2d2: Plugin<"policy", Default2d2Config> = {
  slot: "policy",
  key: "default_2d_2",
  description: "random crop, flips, small rotations",
  config,
  create(options, context) {
    const { size, resize } = beginning(context, options.interpolation);
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        resize,
        { op: "random_crop", size },
        ...changesOf2d2,
        normalization(context),
      ],
    };
  },
};

registry.add(default2d2);
