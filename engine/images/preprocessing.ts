/**
 * What an encoder expects of the images that it gets.
 * @module
 */

/**
 * The ways in which pixels are resampled; names as in PIL.
 *
 * @example An option of a policy
 * ```ts
 * import { INTERPOLATIONS } from "@glovita/glovita/images";
 * import { choice, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ interpolation: choice("bicubic", "how", INTERPOLATIONS) });
 * assertEquals(v.parse(schema, {}).interpolation, "bicubic");
 * ```
 *
 * @category Transforms
 */
export const INTERPOLATIONS = [
  "nearest",
  "bilinear",
  "bicubic",
  "lanczos",
  "box",
  "hamming",
] as const;

/**
 * How pixels are resampled.
 * @category Transforms
 */
export type Interpolation = typeof INTERPOLATIONS[number];

/**
 * What an encoder expects of images, as timm's pretrained configs say it.
 * @category Transforms
 */
export interface Preprocessing {
  /** Channels: 3 for RGB, 1 for greyscale. */
  readonly channels: number;
  /** Height and width. */
  readonly imageSize?: readonly [number, number];
  /**
   * Height and width that an encoder without trained weights is built for where neither it nor the
   * dataset says a size; present exactly where the dataset's numbers come before the encoder's.
   */
  readonly nominalSize?: readonly [number, number];
  /** Mean of each channel, on a scale from 0 to 1. */
  readonly mean?: readonly number[];
  /** Standard deviation of each channel, on a scale from 0 to 1. */
  readonly std?: readonly number[];
  /** How images are resized. */
  readonly interpolation?: Interpolation;
  /** Share of the resized image's side that the centre crop keeps. */
  readonly cropPct?: number;
  /** `center` keeps the aspect and crops, `squash` does not keep it, `border` pads. */
  readonly cropMode?: "center" | "squash" | "border";
}
