/**
 * timm's training transform of ImageNet, with its RandAugment and random erasing.
 * Importing this module adds `timm_randaugment` to the `policy` slot.
 * @module
 */
import { type Interpolation, INTERPOLATIONS } from "../../engine/images/preprocessing.ts";
import type { PixelOperation, TimmOperationName } from "../../engine/images/pixel_operation.ts";
import { choice, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { flip, sometimes } from "./_training.ts";

/**
 * Config of the `timm_randaugment` policy.
 * @category Policies
 */
export interface TimmRandaugmentConfig {
  /** How images are resized. @default {"bicubic"} */
  readonly interpolation: Interpolation;
}

const config = options<TimmRandaugmentConfig>({
  interpolation: choice("bicubic", "how images are resized", INTERPOLATIONS),
});

/** What timm's RandAugment chooses from. */
const NAMES: readonly TimmOperationName[] = [
  "autocontrast",
  "equalize",
  "invert",
  "rotate",
  "posterize",
  "solarize",
  "solarize_add",
  "color",
  "contrast",
  "brightness",
  "sharpness",
  "shear_x",
  "shear_y",
  "translate_x",
  "translate_y",
];

/** One of the operations, as timm's `rand-m9-mstd0.5` takes it. */
function randomStep(fill: readonly number[]): PixelOperation {
  const choices = NAMES.map((name) => [
    { op: "timm_operation", name, magnitude: 9, deviation: 0.5, fill } as const,
  ]);
  return sometimes(0.5, { op: "one_of", choices });
}

/**
 * Cuts out a random place of 8 to 100 % of the area, makes it as large as the encoder wants it, or
 * else 448 pixels, mirrors half of the images, takes two operations of timm's RandAugment with a
 * magnitude of about 9, normalizes, and fills a rectangle with random numbers in a quarter of the images.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { timmRandaugment } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = timmRandaugment.create({ interpolation: "bicubic" }, context);
 * assertEquals(size, [448, 448]);
 * assertEquals(operations.map(({ op }) => op), ["random_resized_crop", "random_apply", "random_apply", "random_apply", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const timmRandaugment: Plugin<"policy", TimmRandaugmentConfig> = {
  slot: "policy",
  key: "timm_randaugment",
  description: "random resized crop, flip, timm's RandAugment, random erasing",
  config,
  create(options, context) {
    const { size, first } = resizedCrop(context, options.interpolation, { side: 448 });
    const normalize = normalization(context);
    const fill = normalize.mean.map((value) => Math.min(255, Math.round(255 * value)));
    const step = randomStep(fill);
    const erase = { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] } as const;
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [first, flip("horizontal", 0.5), step, step, { ...normalize, erase }],
    };
  },
};

registry.add(timmRandaugment);
