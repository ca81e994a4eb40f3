/**
 * GloViTa's training transform for images, which also changes colors.
 * Importing this module adds `default_2d_3` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";
import { changesOf2d3 } from "./_steps.ts";

/**
 * Config of the `default_2d_3` policy.
 * @category Policies
 */
export interface Default2d3Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2d3Config>({ interpolation });

/**
 * Resizes as `shared_default_2d`, crops a random place, mirrors half of the images each way, rotates
 * half of them by up to 45°, changes the colors of half of them, and normalizes.
 *
 * @example Its steps
 * ```ts
 * import { default2d3 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { operations } = default2d3.create({ interpolation: null }, context);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2d3: Plugin<"policy", Default2d3Config> = {
  slot: "policy",
  key: "default_2d_3",
  description: "random crop, flips, rotations, color jitter",
  config,
  create(options, context) {
    const { size, resize } = beginning(context, options.interpolation);
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        resize,
        { op: "random_crop", size },
        ...changesOf2d3,
        normalization(context),
      ],
    };
  },
};

registry.add(default2d3);
