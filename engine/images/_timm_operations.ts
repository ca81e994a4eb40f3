/**
 * The operations of timm's RandAugment, whose magnitudes go from 0 to 10. Reference: timm's
 * `auto_augment.py`, with bicubic resampling.
 * @module
 */
import type { Random } from "../random.ts";
import {
  autocontrast,
  enhanceBrightness,
  enhanceColor,
  enhanceContrast,
  enhanceSharpness,
  equalize,
  invert,
  posterize,
  solarize,
  solarizeAdd,
} from "./_enhance.ts";
import { rotateBicubic, warpBicubic } from "./_warp.ts";
import type { Image } from "./image.ts";
import type { TimmOperationName } from "./pixel_operation.ts";

/** How an operation is taken. */
interface Taken {
  /** Share of the largest magnitude. */
  readonly level: number;
  /** Color, 0 to 255 per channel, of what moves in from outside. */
  readonly fill: readonly number[];
  /** Gives a number one of two signs. */
  readonly signed: (value: number) => number;
}

type TimmOperation = (image: Image, taken: Taken) => Image;

const TIMM_OPERATIONS: { readonly [N in TimmOperationName]: TimmOperation } = {
  autocontrast,
  equalize,
  invert,
  rotate: (image, { level, fill, signed }) => rotateBicubic(image, signed(level * 30), fill),
  posterize: (image, { level }) => posterize(image, Math.trunc(level * 4)),
  solarize: (image, { level }) => solarize(image, Math.min(256, Math.trunc(level * 256))),
  solarize_add: (image, { level }) => solarizeAdd(image, Math.min(128, Math.trunc(level * 110))),
  color: (image, { level }) => enhanceColor(image, level * 1.8 + 0.1),
  contrast: (image, { level }) => enhanceContrast(image, level * 1.8 + 0.1),
  brightness: (image, { level }) => enhanceBrightness(image, level * 1.8 + 0.1),
  sharpness: (image, { level }) => enhanceSharpness(image, level * 1.8 + 0.1),
  shear_x: (image, { level, fill, signed }) =>
    warpBicubic(image, [1, signed(level * 0.3), 0, 0, 1, 0], fill),
  shear_y: (image, { level, fill, signed }) =>
    warpBicubic(image, [1, 0, 0, signed(level * 0.3), 1, 0], fill),
  translate_x: (image, { level, fill, signed }) =>
    warpBicubic(image, [1, 0, signed(level * 0.45) * image.width, 0, 1, 0], fill),
  translate_y: (image, { level, fill, signed }) =>
    warpBicubic(image, [1, 0, 0, 0, 1, signed(level * 0.45) * image.height], fill),
};

/** Largest magnitude. */
const MOST = 10;

interface Choice {
  readonly name: TimmOperationName;
  readonly magnitude: number;
  readonly deviation: number;
  readonly fill: readonly number[];
}

/** Takes one of the operations with a magnitude of a normal distribution. */
export function timmOperation(
  image: Image,
  { name, magnitude, deviation, fill }: Choice,
  random: Random,
): Image {
  const drawn = deviation > 0 ? magnitude + deviation * random.normal() : magnitude;
  const level = Math.min(Math.max(drawn, 0), MOST) / MOST;
  const signed = (value: number) => random.integer(2) === 0 ? -value : value;
  return TIMM_OPERATIONS[name](image, { level, fill, signed });
}
