/**
 * GloViTa's training transform of CIFAR, with AutoAugment.
 * Importing this module adds `autoaugment` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { AutoOperationName, PixelOperation } from "../../engine/images/pixel_operation.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { cifarSizes, cutout, flip, sometimes } from "./_training.ts";

/** Share of the images, an operation and its magnitude. */
type Part = readonly [probability: number, name: AutoOperationName, index?: number];

/** AutoAugment's pairs of operations for CIFAR-10. */
const PAIRS: readonly (readonly [Part, Part])[] = [
  [[0.1, "invert", 7], [0.2, "contrast", 6]],
  [[0.7, "rotate", 2], [0.3, "translate_x", 9]],
  [[0.8, "sharpness", 1], [0.9, "sharpness", 3]],
  [[0.5, "shear_y", 8], [0.7, "translate_y", 9]],
  [[0.5, "autocontrast"], [0.9, "equalize"]],
  [[0.2, "shear_y", 7], [0.3, "posterize", 7]],
  [[0.4, "color", 3], [0.6, "brightness", 7]],
  [[0.3, "sharpness", 9], [0.7, "brightness", 9]],
  [[0.6, "equalize"], [0.5, "equalize"]],
  [[0.6, "contrast", 7], [0.6, "sharpness", 5]],
  [[0.7, "color", 7], [0.5, "translate_x", 8]],
  [[0.3, "equalize"], [0.4, "autocontrast"]],
  [[0.4, "translate_y", 3], [0.2, "sharpness", 6]],
  [[0.9, "brightness", 6], [0.2, "color", 8]],
  [[0.5, "solarize", 2], [0, "invert"]],
  [[0.2, "equalize"], [0.6, "autocontrast"]],
  [[0.2, "equalize"], [0.8, "equalize"]],
  [[0.9, "color", 9], [0.6, "equalize"]],
  [[0.8, "autocontrast"], [0.2, "solarize", 8]],
  [[0.1, "brightness", 3], [0.7, "color", 0]],
  [[0.4, "solarize", 5], [0.9, "autocontrast"]],
  [[0.9, "translate_y", 9], [0.7, "translate_y", 9]],
  [[0.9, "autocontrast"], [0.8, "solarize", 3]],
  [[0.8, "equalize"], [0.1, "invert"]],
  [[0.7, "translate_y", 9], [0.9, "autocontrast"]],
];

const CHOICES: readonly (readonly PixelOperation[])[] = PAIRS.map((pair) => {
  return pair.map(([probability, name, index]) =>
    sometimes(probability, { op: "auto_operation", name, index: index ?? 0 })
  );
});

/**
 * Config of the `autoaugment` policy.
 * @category Policies
 */
export interface AutoaugmentConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<AutoaugmentConfig>({ interpolation });

/**
 * Brings the shorter side to `crop_size`, 32 where not given, crops a random place after padding by 4
 * black pixels, mirrors half of the images, takes one of 25 pairs of operations that AutoAugment
 * found for CIFAR-10, covers a square of `cutout_size`, 16 where not given, and normalizes. An encoder for larger images gets them
 * enlarged at the end.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { autoaugment } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = autoaugment.create({ interpolation: null }, context);
 * assertEquals(size, [32, 32]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "one_of", "cutout", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const autoaugment: Plugin<"policy", AutoaugmentConfig> = {
  slot: "policy",
  key: "autoaugment",
  description: "random crop, flip, AutoAugment, cutout, as GloViTa trains CIFAR",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    const { size, cropped, first, last } = cifarSizes(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        first,
        { op: "random_crop", size: cropped, padding: 4 },
        flip("horizontal", 0.5),
        { op: "one_of", choices: CHOICES },
        cutout(context.cutoutSize ?? 16, channels),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(autoaugment);
