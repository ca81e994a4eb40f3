/**
 * GloViTa's transforms of CIFAR for DINO encoders.
 * Importing this module adds `dino` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageSize } from "../../engine/images/transform.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization, squareSize } from "./_evaluation.ts";
import { flip, randAugmentSteps } from "./_training.ts";

/** Height and width where nobody says any. */
const DEFAULT_SIZE: ImageSize = [224, 224];

/**
 * Config of the `dino` policy.
 * @category Policies
 */
export interface DinoConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<DinoConfig>({ interpolation });

/**
 * Makes images exactly as large as the encoder wants them, or else 224 pixels, and normalizes. For
 * training, half of the images are mirrored and two operations of RandAugment are taken before.
 *
 * @example Its steps for evaluation
 * ```ts
 * import { dino } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 }, use: "test" } as const;
 * const { size, operations } = dino.create({ interpolation: null }, context);
 * assertEquals(size, [224, 224]);
 * assertEquals(operations.map(({ op }) => op), ["resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const dino: Plugin<"policy", DinoConfig> = {
  slot: "policy",
  key: "dino",
  description: "resize to the encoder's size; for training also flip and RandAugment",
  config,
  create(options, context) {
    const { channels, imageSize, nominalSize } = context.preprocessing;
    // Images of CIFAR are enlarged for an encoder without trained weights, too, as in GloViTa.
    const size = squareSize(context.imageSize) ?? nominalSize ?? imageSize ?? DEFAULT_SIZE;
    const interpolation = options.interpolation ?? context.preprocessing.interpolation ??
      "bilinear";
    const changes = context.use === "test" ? [] : [flip("horizontal", 0.5), ...randAugmentSteps()];
    return {
      channels,
      size,
      operations: [
        { op: "resize", size, interpolation },
        ...changes,
        normalization(context),
      ],
    };
  },
};

registry.add(dino);
