/**
 * What policies share: numbers per channel, sizes, and an option.
 * @module
 */
import { type Interpolation, INTERPOLATIONS } from "../../engine/images/preprocessing.ts";
import type {
  ImageOperation,
  ImageSize,
  NormalizeOperation,
} from "../../engine/images/transform.ts";
import { choice, type Option } from "../../registry/options/mod.ts";
import type { PolicyContext } from "../../registry/plugin.ts";

const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_STD = [0.229, 0.224, 0.225];

/**
 * How images are resized, or `null` for the encoder's way.
 *
 * @example The encoder's way, unless the config says otherwise
 * ```ts
 * import { interpolation } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const parse = (value: unknown) => v.parse(interpolation, value);
 * assertEquals([parse(undefined), parse("bicubic")], [null, "bicubic"]);
 * ```
 *
 * @category Policies
 */
export const interpolation: Option<Interpolation | null> = choice(
  null,
  "how images are resized; the encoder's where not given",
  INTERPOLATIONS,
);

/**
 * Makes the last step of a policy, with the numbers that `data` gives, or else the encoder, or else
 * ImageNet.
 * @param context What the policy gets.
 * @returns The step.
 * @throws {RangeError} if the encoder takes neither 1 nor 3 channels, or the numbers are of another
 *   length.
 *
 * @example The encoder's numbers
 * ```ts
 * import { normalization } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const preprocessing = { channels: 3, mean: [0.5], std: [0.5] };
 * const { mean, std } = normalization({ preprocessing });
 * assertEquals([mean, std], [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]);
 * ```
 *
 * @category Policies
 */
export function normalization(context: PolicyContext): NormalizeOperation {
  const { preprocessing, mean, std } = context;
  const { channels } = preprocessing;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`images have 1 or 3 channels, the encoder takes ${channels}`);
  }
  return {
    op: "normalize",
    mean: perChannel("mean", mean ?? preprocessing.mean ?? IMAGENET_MEAN, channels),
    std: perChannel("std", std ?? preprocessing.std ?? IMAGENET_STD, channels),
  };
}

/** One number is for all channels; grey images take the average of the colors' numbers. */
function perChannel(name: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return Array.from({ length: channels }, () => values[0]);
  if (channels === 1) return [values.reduce((sum, value) => sum + value, 0) / values.length];
  throw new RangeError(`expected ${channels} values of ${name}, received ${values.length}`);
}

/**
 * Gives height and width of what is as high as it is wide.
 * @param side Length of a side, where it is known.
 * @returns Height and width, or `undefined` where the side is not known.
 *
 * @example A crop of 224 pixels
 * ```ts
 * import { squareSize } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([squareSize(224), squareSize(undefined)], [[224, 224], undefined]);
 * ```
 *
 * @category Policies
 */
export function squareSize(side: number | undefined): ImageSize | undefined {
  return side === undefined ? undefined : [side, side];
}

/**
 * Computes the size of an image of which a crop keeps a given share of each side.
 * @param size Height and width of the crop.
 * @param cropPct Share that the crop keeps.
 * @returns Height and width before the crop.
 *
 * @example timm's usual share
 * ```ts
 * import { sizeBeforeCrop } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sizeBeforeCrop([224, 224], 0.875), [256, 256]);
 * ```
 *
 * @category Policies
 */
export function sizeBeforeCrop([height, width]: ImageSize, cropPct: number): ImageSize {
  return [Math.floor(height / cropPct), Math.floor(width / cropPct)];
}

/** Height and width where nobody says any. */
const DEFAULT_SIZE: ImageSize = [224, 224];
/** Share of the resized side that the crop keeps where an encoder says none: 224 of 256. */
const DEFAULT_CROP_PCT = 0.875;

/**
 * How GloViTa's policies begin: their crop, and the step that brings images to the size before it.
 * @category Policies
 */
export interface Beginning {
  /** Height and width of the crop. */
  readonly size: ImageSize;
  /** The step before the crop. */
  readonly resize: ImageOperation;
  /** How pixels are resampled. */
  readonly interpolation: Interpolation;
}

/**
 * Finds the sizes of a policy as `shared_default_2d` does: the shorter side becomes `resize_size`, or
 * else `round(image_size / crop_pct)` of the encoder, and the crop is the encoder's size.
 * @param context What the policy gets.
 * @param given Interpolation of the policy's options; `null` for the encoder's.
 * @returns Crop and first step.
 *
 * @example The sizes of an encoder that says none
 * ```ts
 * import { beginning } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { size, resize } = beginning({ preprocessing: { channels: 3 } }, null);
 * assertEquals(size, [224, 224]);
 * assertEquals(resize, { op: "resize_shorter", size: 256, interpolation: "bilinear" });
 * ```
 *
 * @category Policies
 */
export function beginning(context: PolicyContext, given: Interpolation | null): Beginning {
  const { imageSize, cropPct = DEFAULT_CROP_PCT } = context.preprocessing;
  const target = squareSize(context.imageSize) ?? imageSize ?? squareSize(context.cropSize) ??
    DEFAULT_SIZE;
  const size = squareSize(context.cropSize) ?? target;
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  const [height, width] = target.map((side) => Math.round(side / cropPct));
  const resized: ImageSize = squareSize(context.resizeSize) ?? [height, width];
  const resize: ImageOperation = resized[0] === resized[1]
    ? { op: "resize_shorter", size: resized[0], interpolation }
    : { op: "resize_cover", size: resized, interpolation };
  return { size, resize, interpolation };
}
