/**
 * GloViTa's evaluation transform of ImageNet at 448 pixels.
 * Importing this module adds `default_448` to the `policy` slot.
 * @module
 */
import type { ImageSize } from "../../engine/images/transform.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { normalization, squareSize } from "./_evaluation.ts";

/** Height and width where nobody says any. */
const DEFAULT_SIZE: ImageSize = [448, 448];

/**
 * Crops the middle, of the encoder's size or else of 448 pixels, and normalizes. Nothing is resized:
 * what is smaller gets a black border.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { default448 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { size, operations } = default448.create({}, { preprocessing: { channels: 3 } });
 * assertEquals(size, [448, 448]);
 * assertEquals(operations.map(({ op }) => op), ["center_crop", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const default448: Plugin<"policy", NoOptions> = {
  slot: "policy",
  key: "default_448",
  description: "crop the middle, normalize, as GloViTa evaluates ImageNet",
  config: noOptions,
  create(_options, context) {
    const { channels, imageSize } = context.preprocessing;
    const size = squareSize(context.cropSize) ?? squareSize(context.imageSize) ?? imageSize ??
      DEFAULT_SIZE;
    return { channels, size, operations: [{ op: "center_crop", size }, normalization(context)] };
  },
};

registry.add(default448);
