/**
 * From a decoded image to the pixels that an encoder gets, said as plain data so that it crosses
 * threads, and done as PIL and torchvision do it.
 * @module
 */
import type { Image } from "./image.ts";
import type { Interpolation } from "./preprocessing.ts";
import { type Region, resample } from "./resample.ts";

/**
 * Height and width in pixels.
 * @category Transforms
 */
export type ImageSize = readonly [height: number, width: number];

/**
 * One step from an image to the encoder's input.
 * @category Transforms
 */
export type ImageOperation =
  | {
    /** Resizes to an exact height and width. */
    readonly op: "resize";
    /** Height and width. */
    readonly size: ImageSize;
    /** How pixels are resampled. */
    readonly interpolation: Interpolation;
  }
  | {
    /** Resizes the shorter side, keeping the aspect. */
    readonly op: "resize_shorter";
    /** The shorter side afterwards. */
    readonly size: number;
    /** How pixels are resampled. */
    readonly interpolation: Interpolation;
  }
  | {
    /** Resizes to just cover a size, or to just fit into it, keeping the aspect. */
    readonly op: "resize_cover" | "resize_fit";
    /** Height and width. */
    readonly size: ImageSize;
    /** How pixels are resampled. */
    readonly interpolation: Interpolation;
  }
  | {
    /** Cuts out the middle. */
    readonly op: "center_crop";
    /** Height and width. */
    readonly size: ImageSize;
    /** Color, 0 to 255 per channel, of what lies outside the image. @default black */
    readonly fill?: readonly number[];
  }
  | NormalizeOperation;

/**
 * Scales to 0 to 1, subtracts the mean, divides by the standard deviation.
 * @category Transforms
 */
export interface NormalizeOperation {
  /** Always the last step. */
  readonly op: "normalize";
  /** Mean of each channel. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel. */
  readonly std: readonly number[];
}

/**
 * The steps from an image to the encoder's input.
 * @category Transforms
 */
export interface ImageTransform {
  /** Channels that images are decoded to: 3 for RGB, 1 for greyscale. */
  readonly channels: number;
  /** Height and width afterwards; absent where images keep their own. */
  readonly size?: ImageSize;
  /** The steps, in order. */
  readonly operations: readonly ImageOperation[];
}

/**
 * Takes all steps but the last, which turns pixels into numbers.
 *
 * @param image The decoded image, with the transform's channels.
 * @param transform The steps. Of an image that is resized and cropped, only the crop is computed.
 * @returns The image that the encoder is to see.
 *
 * @example The middle of an image
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const image = { width: 3, height: 1, channels: 1, data: new Uint8Array([1, 2, 3]) };
 * const operations = [{ op: "center_crop", size: [1, 1] }] as const;
 * assertEquals(transformImage(image, { channels: 1, operations }).data, new Uint8Array([2]));
 * ```
 *
 * @category Transforms
 */
export function transformImage(image: Image, { operations }: ImageTransform): Image {
  let result = image;
  for (const [i, operation] of operations.entries()) {
    if (operation.op === "normalize") continue;
    const size = sizeAfter(operation, [result.height, result.width]);
    if (operation.op === "center_crop") {
      result = crop(result, centerRegion(size, result), operation.fill);
      continue;
    }
    if (size[0] === result.height && size[1] === result.width) continue;
    const next = operations[i + 1];
    const { interpolation } = operation;
    const [height, width] = size;
    const whole = { height, width };
    const region = next?.op === "center_crop"
      ? inside(centerRegion(next.size, whole), whole)
      : undefined;
    result = resample(result, { size, interpolation, region });
  }
  return result;
}

/**
 * Tells what size an image has in the end.
 *
 * @param transform The steps.
 * @param size Height and width of the decoded image.
 * @returns Height and width for the encoder.
 *
 * @example An image of 480 × 640, with and without its crop
 * ```ts
 * import { transformedSize } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const resize = { op: "resize_shorter", size: 256, interpolation: "bicubic" } as const;
 * const crop = { op: "center_crop", size: [224, 224] } as const;
 * const size = [480, 640] as const;
 * assertEquals(transformedSize({ channels: 3, operations: [resize] }, size), [256, 341]);
 * assertEquals(transformedSize({ channels: 3, operations: [resize, crop] }, size), [224, 224]);
 * ```
 *
 * @category Transforms
 */
export function transformedSize({ operations }: ImageTransform, size: ImageSize): ImageSize {
  return operations.reduce((now, operation) => sizeAfter(operation, now), size);
}

function sizeAfter(operation: ImageOperation, [height, width]: ImageSize): ImageSize {
  switch (operation.op) {
    case "normalize":
      return [height, width];
    case "resize":
    case "center_crop":
      return operation.size;
    case "resize_shorter": {
      const { size } = operation;
      const longer = Math.trunc((size * Math.max(height, width)) / Math.min(height, width));
      return height < width ? [size, longer] : [longer, size];
    }
    default: { // timm's ResizeKeepRatio
      const ratios = [height / operation.size[0], width / operation.size[1]];
      const ratio = operation.op === "resize_fit" ? Math.max(...ratios) : Math.min(...ratios);
      const scaled = (side: number) => Math.max(1, roundHalfToEven(side / ratio));
      return [scaled(height), scaled(width)];
    }
  }
}

/** Rounds as Python does. */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** The middle of an image; where the image is too small, the odd pixel is added at the end. */
function centerRegion([height, width]: ImageSize, image: Sides): Region {
  const start = (side: number, wanted: number) =>
    wanted > side ? -Math.floor((wanted - side) / 2) : roundHalfToEven((side - wanted) / 2);
  return { top: start(image.height, height), left: start(image.width, width), height, width };
}

/** The part of a region that lies in the image. */
function inside(region: Region, image: Sides): Region {
  return {
    top: Math.max(0, region.top),
    left: Math.max(0, region.left),
    height: Math.min(region.height, image.height),
    width: Math.min(region.width, image.width),
  };
}

/** Cuts a central region out; what lies outside the image gets the color `fill`. */
function crop(image: Image, region: Region, fill: readonly number[] = []): Image {
  const { top, left, height, width } = region;
  const { channels, data } = image;
  if (height === image.height && width === image.width) return image;
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
