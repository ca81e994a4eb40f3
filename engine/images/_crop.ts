/**
 * Parts of images: where they lie, and how they are cut out.
 * @module
 */
import type { Random } from "../random.ts";
import type { Image } from "./image.ts";
import type { Region } from "./resample.ts";

type ImageSize = readonly [height: number, width: number];

/** Rounds as Python does. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** The middle of an image; where the image is too small, the odd pixel is added at the end. */
export function centerRegion([height, width]: ImageSize, image: Sides): Region {
  const start = (side: number, wanted: number) =>
    wanted > side ? -Math.floor((wanted - side) / 2) : roundHalfToEven((side - wanted) / 2);
  return { top: start(image.height, height), left: start(image.width, width), height, width };
}

/** Where a random crop comes from. */
interface RandomCrop {
  /** Pixels that the image gets on each side before. */
  readonly padding?: number;
  readonly random: Random;
}

/** A random place; where the image is too small, it lies at a random place of the region. */
export function randomRegion(
  [height, width]: ImageSize,
  image: Sides,
  { padding = 0, random }: RandomCrop,
): Region {
  const start = (side: number, wanted: number) => {
    const room = side + 2 * padding - wanted;
    return Math.min(0, room) - padding + random.integer(Math.abs(room) + 1);
  };
  return { top: start(image.height, height), left: start(image.width, width), height, width };
}

/** What a random part of an image may be. */
interface PartLimits {
  /** Range of the share of the image's area. */
  readonly area: readonly [least: number, most: number];
  /** Range of width by height. */
  readonly ratio: readonly [least: number, most: number];
}

/** Sides that are drawn before the middle is taken. */
const TRIES = 10;

/** A random part, as torchvision's `RandomResizedCrop` draws it. */
export function randomPart(image: Sides, { area, ratio }: PartLimits, random: Random): Region {
  const between = (least: number, most: number) => least + (most - least) * random.float();
  for (let i = 0; i < TRIES; i++) {
    const wanted = image.height * image.width * between(area[0], area[1]);
    const aspect = Math.exp(between(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = roundHalfToEven(Math.sqrt(wanted * aspect));
    const height = roundHalfToEven(Math.sqrt(wanted / aspect));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    return randomRegion([height, width], image, { random });
  }
  const own = image.width / image.height;
  const aspect = Math.min(Math.max(own, ratio[0]), ratio[1]);
  const width = own > ratio[1] ? roundHalfToEven(image.height * aspect) : image.width;
  const height = own < ratio[0] ? roundHalfToEven(image.width / aspect) : image.height;
  const top = Math.floor((image.height - height) / 2);
  const left = Math.floor((image.width - width) / 2);
  return { top, left, height: Math.max(1, height), width: Math.max(1, width) };
}

/** The part of a region that lies in the image. */
export function inside({ top, left, height, width }: Region, image: Sides): Region {
  const [firstRow, firstColumn] = [Math.max(0, top), Math.max(0, left)];
  return {
    top: firstRow,
    left: firstColumn,
    height: Math.max(0, Math.min(top + height, image.height) - firstRow),
    width: Math.max(0, Math.min(left + width, image.width) - firstColumn),
  };
}

/** Cuts a region out; what lies outside the image gets the color `fill`. */
export function crop(image: Image, region: Region, fill: readonly number[] = []): Image {
  const { top, left, height, width } = region;
  const { channels, data } = image;
  const whole = height === image.height && width === image.width;
  if (whole && top === 0 && left === 0) return image;
  const result = new Uint8Array(height * width * channels);
  if (fill.length > 0) {
    for (let i = 0; i < result.length; i++) result[i] = fill[i % channels];
  }
  const part = inside(region, image);
  for (let row = 0; row < part.height; row++) {
    const from = ((part.top + row) * image.width + part.left) * channels;
    const to = ((part.top - top + row) * width + part.left - left) * channels;
    result.set(data.subarray(from, from + part.width * channels), to);
  }
  return { height, width, channels, data: result };
}

/** Enlarges an image to at least a size, all sides alike; the border is mirrored without its edge. */
export function padMirrored(image: Image, [height, width]: ImageSize): Image {
  const { channels, data } = image;
  const [rows, columns] = [Math.max(height, image.height), Math.max(width, image.width)];
  const top = Math.floor((rows - image.height) / 2);
  const left = Math.floor((columns - image.width) / 2);
  const result = new Uint8Array(rows * columns * channels);
  for (let y = 0, to = 0; y < rows; y++) {
    const row = mirroredOnce(y - top, image.height) * image.width;
    for (let x = 0; x < columns; x++, to += channels) {
      const from = (row + mirroredOnce(x - left, image.width)) * channels;
      result.set(data.subarray(from, from + channels), to);
    }
  }
  return { height: rows, width: columns, channels, data: result };
}

/** The pixel that stands for one outside where the border is mirrored without its edge: cb|abc|ba. */
export function mirroredOnce(at: number, length: number): number {
  if (at >= 0 && at < length) return at;
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inTwo = ((at % period) + period) % period;
  return inTwo < length ? inTwo : period - inTwo;
}
