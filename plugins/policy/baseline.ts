/**
 * GloViTa's plain training transform of CIFAR and of ImageNet.
 * Importing this module adds `baseline` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolation, normalization } from "./_evaluation.ts";
import { resizedCrop } from "./_steps.ts";
import { cifarSizes, flip } from "./_training.ts";

/**
 * Config of the `baseline` policy.
 * @category Policies
 */
export interface BaselineConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<BaselineConfig>({ interpolation });

/**
 * Brings the shorter side to `crop_size`, 32 where not given, crops a random place after padding by 4
 * black pixels, mirrors half of the images, and normalizes. An encoder for larger images gets them
 * enlarged at the end. Images of the dataset `imagenet` instead become a random resized crop, of which
 * half are mirrored.
 *
 * @example Its steps, for an encoder that says no size
 * ```ts
 * import { baseline } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 } };
 * const { size, operations } = baseline.create({ interpolation: null }, context);
 * assertEquals(size, [32, 32]);
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "random_crop", "random_apply", "resize", "normalize"]);
 * ```
 *
 * @category Policies
 */
export const baseline: Plugin<"policy", BaselineConfig> = {
  slot: "policy",
  key: "baseline",
  description: "random crop, flip, as GloViTa trains CIFAR; for ImageNet its own",
  config,
  create(options, context) {
    const { channels } = context.preprocessing;
    if (context.dataset === "imagenet") {
      const { size, first } = resizedCrop(context, options.interpolation, { side: 224 });
      return {
        channels,
        size,
        operations: [first, flip("horizontal", 0.5), normalization(context)],
      };
    }
    const { size, cropped, first, last } = cifarSizes(context, options.interpolation);
    return {
      channels,
      size,
      operations: [
        first,
        { op: "random_crop", size: cropped, padding: 4 },
        flip("horizontal", 0.5),
        last,
        normalization(context),
      ],
    };
  },
};

registry.add(baseline);
