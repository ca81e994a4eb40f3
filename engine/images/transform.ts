/**
 * From a decoded picture to the pixels that an encoder gets, said as plain data so that it crosses
 * threads, and done as PIL and torchvision do it.
 * @module
 */
import type { Picture } from "./picture.ts";
import type { Interpolation } from "./preprocessing.ts";
import { type Region, resample } from "./resample.ts";

/** Height and width in pixels. */
export type PictureSize = readonly [height: number, width: number];

/** One step from a picture to the encoder's input. */
export type PictureOperation =
  | {
    /** Resizes to an exact height and width. */
    readonly op: "resize";
    /** Height and width. */
    readonly size: PictureSize;
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
    readonly size: PictureSize;
    /** How pixels are resampled. */
    readonly interpolation: Interpolation;
  }
  | {
    /** Cuts out the middle. */
    readonly op: "center_crop";
    /** Height and width. */
    readonly size: PictureSize;
    /** Color, 0 to 255 a channel, of what lies outside the picture. @default black */
    readonly fill?: readonly number[];
  }
  | NormalizeOperation;

/** Scales to 0 to 1, subtracts the mean, divides by the standard deviation. */
export interface NormalizeOperation {
  /** Always the last step. */
  readonly op: "normalize";
  /** Mean of each channel. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel. */
  readonly std: readonly number[];
}

/** The steps from a picture to the encoder's input. */
export interface PictureTransform {
  /** Channels that pictures are decoded to: 3 for RGB, 1 for greyscale. */
  readonly channels: number;
  /** Height and width afterwards; absent where pictures keep their own. */
  readonly size?: PictureSize;
  /** The steps, in order. */
  readonly operations: readonly PictureOperation[];
}

/**
 * Takes all steps but the last, which turns pixels into numbers.
 *
 * @param picture The decoded picture, with the transform's channels.
 * @param transform The steps. Of a picture that is resized and cropped, only the crop is computed.
 * @returns The picture that the encoder is to see.
 *
 * @example The middle of a picture
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const picture = { width: 3, height: 1, channels: 1, data: new Uint8Array([1, 2, 3]) };
 * const operations = [{ op: "center_crop", size: [1, 1] }] as const;
 * assertEquals(transformPicture(picture, { channels: 1, operations }).data, new Uint8Array([2]));
 * ```
 */
export function transformPicture(picture: Picture, { operations }: PictureTransform): Picture {
  let result = picture;
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
 * Tells what size a picture has in the end.
 *
 * @param transform The steps.
 * @param size Height and width of the decoded picture.
 * @returns Height and width for the encoder.
 *
 * @example A picture of 480 × 640, with and without its crop
 * ```ts
 * import { transformedSize } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const resize = { op: "resize_shorter", size: 256, interpolation: "bicubic" } as const;
 * const crop = { op: "center_crop", size: [224, 224] } as const;
 * const size = [480, 640] as const;
 * assertEquals(transformedSize({ channels: 3, operations: [resize] }, size), [256, 341]);
 * assertEquals(transformedSize({ channels: 3, operations: [resize, crop] }, size), [224, 224]);
 * ```
 */
export function transformedSize({ operations }: PictureTransform, size: PictureSize): PictureSize {
  return operations.reduce((now, operation) => sizeAfter(operation, now), size);
}

function sizeAfter(operation: PictureOperation, [height, width]: PictureSize): PictureSize {
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

/** The middle of a picture; where the picture is too small, the odd pixel is added at the end. */
function centerRegion([height, width]: PictureSize, picture: Sides): Region {
  const start = (side: number, wanted: number) =>
    wanted > side ? -Math.floor((wanted - side) / 2) : roundHalfToEven((side - wanted) / 2);
  return { top: start(picture.height, height), left: start(picture.width, width), height, width };
}

/** The part of a region that lies in the picture. */
function inside(region: Region, picture: Sides): Region {
  return {
    top: Math.max(0, region.top),
    left: Math.max(0, region.left),
    height: Math.min(region.height, picture.height),
    width: Math.min(region.width, picture.width),
  };
}

/** Cuts a central region out; what lies outside the picture gets the color `fill`. */
function crop(picture: Picture, region: Region, fill: readonly number[] = []): Picture {
  const { top, left, height, width } = region;
  const { channels, data } = picture;
  if (height === picture.height && width === picture.width) return picture;
  const result = new Uint8Array(height * width * channels);
  if (fill.length > 0) {
    for (let i = 0; i < result.length; i++) result[i] = fill[i % channels];
  }
  const part = inside(region, picture);
  for (let row = 0; row < part.height; row++) {
    const from = ((part.top + row) * picture.width + part.left) * channels;
    const to = ((part.top - top + row) * width + part.left - left) * channels;
    result.set(data.subarray(from, from + part.width * channels), to);
  }
  return { height, width, channels, data: result };
}
