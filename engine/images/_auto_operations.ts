/**
 * The operations of AutoAugment and RandAugment in GloViTa, each with ten magnitudes.
 * @module
 */
import type { Random } from "../random.ts";
import { coverSquare } from "./_cover.ts";
import {
  autocontrast,
  enhanceBrightness,
  enhanceColor,
  enhanceContrast,
  enhanceSharpness,
  equalize,
  greyOf,
  invert,
  posterize,
  solarize,
} from "./_enhance.ts";
import { rotateNearest, warpBicubic, warpNearest } from "./_warp.ts";
import type { Image } from "./image.ts";
import type { AutoOperationName } from "./pixel_operation.ts";

/** Grey of what moves in from outside. */
const OUTSIDE = 128;
/** Bits that stay, by magnitude. */
const BITS = [8, 8, 7, 7, 6, 6, 5, 5, 4, 4];
/** Sides of squares, by magnitude. */
const SIDES = [0, 2, 4, 7, 9, 11, 13, 16, 18, 20];
/** Color of squares. */
const SQUARE = new Uint8Array([125, 122, 113]);

/** What an operation does with a magnitude of 0 to 9; `sign` is 1 or -1. */
type AutoOperation = (image: Image, index: number, sign: () => number, random: Random) => Image;

const AUTO_OPERATIONS: { readonly [N in AutoOperationName]: AutoOperation } = {
  shear_x: (image, index, sign) =>
    warpBicubic(image, [1, 0.3 * index / 9 * sign(), 0, 0, 1, 0], OUTSIDE),
  shear_y: (image, index, sign) =>
    warpBicubic(image, [1, 0, 0, 0.3 * index / 9 * sign(), 1, 0], OUTSIDE),
  translate_x: (image, index, sign) =>
    warpNearest(image, [1, 0, shift(index, image.width) * sign(), 0, 1, 0], OUTSIDE),
  translate_y: (image, index, sign) =>
    warpNearest(image, [1, 0, 0, 0, 1, shift(index, image.height) * sign()], OUTSIDE),
  rotate: (image, index) => rotateNearest(image, 30 * index / 9, OUTSIDE),
  color: (image, index, sign) => enhanceColor(image, 1 + index / 10 * sign()),
  contrast: (image, index, sign) => enhanceContrast(image, 1 + index / 10 * sign()),
  sharpness: (image, index, sign) => enhanceSharpness(image, 1 + index / 10 * sign()),
  brightness: (image, index, sign) => enhanceBrightness(image, 1 + index / 10 * sign()),
  posterize: (image, index) => posterize(image, BITS[index]),
  solarize: (image, index) => solarize(image, 256 - 256 * index / 9),
  cutout: (image, index, _sign, random) => {
    const fill = image.channels === 3 ? SQUARE : greyOf({ ...ONE_PIXEL, data: SQUARE });
    return coverSquare(image, { size: SIDES[index], fill: [...fill] }, random);
  },
  autocontrast,
  equalize,
  invert,
};

const ONE_PIXEL = { width: 1, height: 1, channels: 3 };

/** Pixels by which an image moves at most, for a side of 331 pixels. */
function shift(index: number, side: number): number {
  return 150 / 331 * index / 9 * side;
}

interface Choice {
  readonly name: AutoOperationName;
  readonly index?: number | readonly [least: number, most: number];
}

/** Takes one of the operations, with a random sign where it has one. */
export function autoOperation(image: Image, { name, index = 0 }: Choice, random: Random): Image {
  const magnitude = typeof index === "number"
    ? index
    : index[0] + random.integer(index[1] - index[0] + 1);
  const sign = () => random.integer(2) === 0 ? -1 : 1;
  return AUTO_OPERATIONS[name](image, magnitude, sign, random);
}
