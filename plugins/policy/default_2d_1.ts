/**
 * GloViTa's training transform for images without random changes.
 * Importing this module adds `default_2d_1` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { beginning, interpolation, normalization } from "./_evaluation.ts";

/**
 * Config of the `default_2d_1` policy.
 * @category Policies
 */
export interface Default2d1Config {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<Default2d1Config>({ interpolation });

/**
 * The steps of `shared_default_2d` by the name that GloViTa gives them for training: nothing is random.
 *
 * @example Nothing is random
 * ```ts
 * import { default2d1 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = default2d1.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "center_crop", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default2d1: Plugin<"policy", Default2d1Config> = {
  slot: "policy",
  key: "default_2d_1",
  description: "resize the shorter side, crop the middle, normalize",
  config,
  create(options, context) {
    const { size, resize } = beginning(context, options.interpolation);
    const { channels } = context.preprocessing;
    const operations = [resize, { op: "center_crop", size } as const, normalization(context)];
    return { channels, size, operations };
  },
};

registry.add(default2d1);
