/**
 * Covers parts of images: squares, holes, and rectangles of numbers.
 * @module
 */
import type { Random } from "../random.ts";
import { roundHalfToEven } from "./_crop.ts";
import type { Image } from "./image.ts";

type Range = readonly [least: number, most: number];

function between([least, most]: Range, random: Random): number {
  return least + (most - least) * random.float();
}

interface Square {
  readonly size: number;
  readonly fill: readonly number[];
}

/** The square reaches from half its side before a pixel to half its side behind it. */
export function coverSquare(image: Image, { size, fill }: Square, random: Random): Image {
  const { width, height, channels } = image;
  const data = image.data.slice();
  const half = Math.floor(size / 2);
  const [centerX, centerY] = [random.integer(width), random.integer(height)];
  for (let y = Math.max(0, centerY - half); y < Math.min(height, centerY + half); y++) {
    for (let x = Math.max(0, centerX - half); x < Math.min(width, centerX + half); x++) {
      for (let i = 0; i < channels; i++) data[(y * width + x) * channels + i] = fill[i];
    }
  }
  return { ...image, data };
}

interface Holes {
  readonly count: Range;
  readonly side: Range;
}

/** Black rectangles, whose sides are shares of those of the image. */
export function coverHoles(image: Image, { count, side }: Holes, random: Random): Image {
  const { width, height, channels } = image;
  const data = image.data.slice();
  const holes = count[0] + random.integer(count[1] - count[0] + 1);
  for (let hole = 0; hole < holes; hole++) {
    const rows = Math.trunc(height * between(side, random));
    const columns = Math.trunc(width * between(side, random));
    const top = random.integer(height - rows + 1);
    const left = random.integer(width - columns + 1);
    for (let y = top; y < top + rows; y++) {
      data.fill(0, (y * width + left) * channels, (y * width + left + columns) * channels);
    }
  }
  return { ...image, data };
}

interface Sides {
  readonly height: number;
  readonly width: number;
}

interface Erased extends Sides {
  readonly top: number;
  readonly left: number;
}

interface ErasedRange {
  readonly area: Range;
  readonly ratio: Range;
}

/** Sides that are drawn before nothing is erased. */
const TRIES = 10;

/** The rectangle that timm's `RandomErasing` chooses, smaller than the image; often there is one. */
export function erasedPart(
  image: Sides,
  { area, ratio }: ErasedRange,
  random: Random,
): Erased | undefined {
  for (let i = 0; i < TRIES; i++) {
    const wanted = image.height * image.width * between(area, random);
    const aspect = Math.exp(between([Math.log(ratio[0]), Math.log(ratio[1])], random));
    const height = roundHalfToEven(Math.sqrt(wanted * aspect));
    const width = roundHalfToEven(Math.sqrt(wanted / aspect));
    if (height >= image.height || width >= image.width) continue;
    const top = random.integer(image.height - height + 1);
    return { height, width, top, left: random.integer(image.width - width + 1) };
  }
}
