/**
 * GloViTa's evaluation transform of ImageNet at 224 pixels.
 * Importing this module adds `default_224` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";

/**
 * Config of the `default_224` policy.
 * @category Policies
 */
export interface Default224Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default224Config>({ interpolation });

/**
 * The steps of `shared_default_2d` by the name that GloViTa gives them for ImageNet.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { default224 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } } as const;
 * const { size, operations } = default224.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "center_crop", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default224: Plugin<"policy", Default224Config> = {
  slot: "policy",
  key: "default_224",
  description: "resize the shorter side, crop the middle, normalize, as GloViTa evaluates ImageNet",
  config,
  create(options, context) {
    const { size, resize } = beginning(context, options.interpolation);
    const { channels } = context.preprocessing;
    const operations = [resize, { op: "center_crop", size } as const, normalization(context)];
    return { channels, size, operations };
  },
};

registry.add(default224);
