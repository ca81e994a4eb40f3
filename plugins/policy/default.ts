/**
 * timm's evaluation transform, with the encoder's own numbers, or that of the dataset.
 * Importing this module adds `default` to the `policy` slot.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageOperation, ImageSize, ImageTransform } from "../../engine/images/transform.ts";
import { options, positive } from "../../registry/options/mod.ts";
import type { Plugin, PolicyContext } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  beginning,
  interpolation,
  normalization,
  sizeBeforeCrop,
  squareSize,
} from "./_evaluation.ts";
import { aidSizes } from "./_steps.ts";

/** timm's share where an encoder says none. */
const DEFAULT_CROP_PCT = 0.875;

/**
 * Config of the `default` policy.
 * @category Policies
 */
export interface DefaultPolicyConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
  /** Share of the resized side that the crop keeps; `null` for the encoder's. @default {null} */
  readonly crop_pct: number | null;
}

const config = options<DefaultPolicyConfig>({
  interpolation,
  crop_pct: positive(
    null,
    "share of the resized side that the crop keeps; the encoder's where not given",
    { max: 1 },
  ),
});

/**
 * Resizes the shorter side to `floor(image_size / crop_pct)`, crops the middle and normalizes, or
 * squashes or pads where the encoder wants that. Without any size, images keep their own. Images of
 * the dataset `pcam` become what `shared_default_2d` makes of them; of the dataset `aid`, the middle
 * `crop_size`, 600 where not given, of a shorter side of `resize_size`, 640, is resized.
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
 *
 * @category Policies
 */
export const defaultPolicy: Plugin<"policy", DefaultPolicyConfig> = {
  slot: "policy",
  key: "default",
  description: "timm's evaluation transform: resize, crop the middle, normalize",
  config,
  create(options, context) {
    const { channels, imageSize } = context.preprocessing;
    if (context.dataset === "aid") return { channels, ...ofAid(options, context) };
    if (context.dataset === "pcam") return { channels, ...ofPcam(options, context) };
    const normalize = normalization(context);
    const target = squareSize(context.imageSize) ?? imageSize ?? squareSize(context.cropSize);
    const size = squareSize(context.cropSize) ?? target;
    const cropPct = () => options.crop_pct ?? context.preprocessing.cropPct ?? DEFAULT_CROP_PCT;
    const resized = squareSize(context.resizeSize) ??
      (target && sizeBeforeCrop(target, cropPct()));
    const operations = resized
      ? resizing(resized, { options, context, mean: normalize.mean, size })
      : [];
    return { channels, size, operations: [...operations, normalize] };
  },
};

type Sized = Pick<ImageTransform, "size" | "operations">;

/** From large crops, as `aid_large_crop` trains. */
function ofAid({ interpolation }: DefaultPolicyConfig, context: PolicyContext): Sized {
  const { size, crop, first, last } = aidSizes(context, interpolation);
  const middle = { op: "center_crop", size: crop } as const;
  return { size, operations: [first, middle, last, normalization(context)] };
}

/** As `shared_default_2d`. */
function ofPcam({ interpolation }: DefaultPolicyConfig, context: PolicyContext): Sized {
  const { size, resize } = beginning(context, interpolation);
  return { size, operations: [resize, { op: "center_crop", size }, normalization(context)] };
}

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
