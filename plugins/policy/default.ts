/**
 * timm's evaluation transform, with the encoder's own numbers.
 * Importing this module adds `default` to the `policy` slot.
 * @module
 */
import * as v from "valibot";
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageOperation, ImageSize } from "../../engine/images/transform.ts";
import type { OptionsSchema, Plugin, PolicyContext } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { interpolationSchema, normalization, scaled, square } from "./_evaluation.ts";

/** timm's share where an encoder says none. */
const DEFAULT_CROP_PCT = 0.875;

/** Config of the `default` policy. */
export interface DefaultPolicyConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
  /** Share of the resized side that the crop keeps; `null` for the encoder's. @default {null} */
  readonly crop_pct: number | null;
}

const config: OptionsSchema<DefaultPolicyConfig> = v.strictObject({
  interpolation: interpolationSchema("the encoder's"),
  crop_pct: v.pipe(
    v.optional(v.nullable(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))), null),
    v.description("share of the resized side that the crop keeps; the encoder's where not given"),
  ),
});

/**
 * Resizes the shorter side to `floor(image_size / crop_pct)`, crops the middle and normalizes, or
 * squashes or pads where the encoder wants that. Without any size, images keep their own.
 *
 * @example An encoder for 224 pixels that wants a share of 0.875
 * ```ts
 * import { defaultPolicy } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const preprocessing = { channels: 3, imageSize: [224, 224], cropPct: 0.875 } as const;
 * const options = { interpolation: "bicubic", crop_pct: null } as const;
 * const { size, operations } = defaultPolicy.create(options, { preprocessing });
 * assertEquals(operations[0], { op: "resize_shorter", size: 256, interpolation: "bicubic" });
 * assertEquals(operations.map(({ op }) => op), ["resize_shorter", "center_crop", "normalize"]);
 * assertEquals(size, [224, 224]);
 * ```
 */
export const defaultPolicy: Plugin<"policy", DefaultPolicyConfig> = {
  slot: "policy",
  key: "default",
  description: "timm's evaluation transform: resize, crop the middle, normalize",
  config,
  create(options, context) {
    const { channels, imageSize } = context.preprocessing;
    const normalize = normalization(context);
    const target = square(context.imageSize) ?? imageSize ?? square(context.cropSize);
    const size = square(context.cropSize) ?? target;
    const cropPct = () => options.crop_pct ?? context.preprocessing.cropPct ?? DEFAULT_CROP_PCT;
    const resized = square(context.resizeSize) ?? (target && scaled(target, cropPct()));
    const operations = resized
      ? resizing(resized, { options, context, mean: normalize.mean, size })
      : [];
    return { channels, size, operations: [...operations, normalize] };
  },
};

interface Resizing {
  readonly options: DefaultPolicyConfig;
  readonly context: PolicyContext;
  /** For the color of borders. */
  readonly mean: readonly number[];
  /** Height and width of the crop; absent where nothing is cropped. */
  readonly size?: ImageSize;
}

function resizing(
  size: ImageSize,
  { options, context, mean, size: crop }: Resizing,
): ImageOperation[] {
  const { cropMode } = context.preprocessing;
  const interpolation = options.interpolation ?? context.preprocessing.interpolation ?? "bilinear";
  const fill = cropMode === "border" ? mean.map((value) => Math.round(255 * value)) : undefined;
  const crops: ImageOperation[] = crop ? [{ op: "center_crop", size: crop, fill }] : [];
  if (cropMode === "squash") return [{ op: "resize", size, interpolation }, ...crops];
  if (cropMode === "border") return [{ op: "resize_fit", size, interpolation }, ...crops];
  if (size[0] === size[1]) {
    return [{ op: "resize_shorter", size: size[0], interpolation }, ...crops];
  }
  return [{ op: "resize_cover", size, interpolation }, ...crops];
}

registry.add(defaultPolicy);
