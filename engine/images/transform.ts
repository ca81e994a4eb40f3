/**
 * From a decoded image to the pixels that an encoder gets, said as plain data so that it crosses
 * threads, and done as PIL and torchvision do it.
 * @module
 */
import { Random } from "../random.ts";
import {
  centerRegion,
  crop,
  inside,
  padMirrored,
  randomPart,
  randomRegion,
  roundHalfToEven,
} from "./_crop.ts";
import { changePixels } from "./augment.ts";
import type { Image } from "./image.ts";
import type { EraseOptions, PixelOperation } from "./pixel_operation.ts";
import type { Interpolation } from "./preprocessing.ts";
import { resample } from "./resample.ts";

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
  | {
    /** Cuts out a random place, all equally likely. */
    readonly op: "random_crop";
    /** Height and width. */
    readonly size: ImageSize;
    /** Black pixels that the image gets on each side before. @default 0 */
    readonly padding?: number;
  }
  | {
    /** Enlarges some images to at least a size; the border is mirrored without its edge. */
    readonly op: "random_pad";
    /** Height and width; of an odd number of pixels, one more is added at the end. */
    readonly size: ImageSize;
    /** Share of the images. */
    readonly probability: number;
  }
  | {
    /** Cuts out a random place of random size and aspect, as torchvision does, and resizes it. */
    readonly op: "random_resized_crop";
    /** Height and width afterwards. */
    readonly size: ImageSize;
    /** Range of the share of the image's area. */
    readonly area: readonly [least: number, most: number];
    /** Range of width by height. */
    readonly ratio: readonly [least: number, most: number];
    /** How pixels are resampled. */
    readonly interpolation: Interpolation;
  }
  | PixelOperation
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
  /** Random numbers that replace a part of the image afterwards. @default none */
  readonly erase?: EraseOptions;
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
 * @param transform The steps. Of an image that is resized and cropped in the middle, only the crop
 *   is computed.
 * @param random Where random choices come from. @default seed 0
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
export function transformImage(
  image: Image,
  { operations }: ImageTransform,
  random: Random = new Random(0),
): Image {
  let result = image;
  for (const [i, operation] of operations.entries()) {
    switch (operation.op) {
      case "normalize":
        break;
      case "center_crop":
        result = crop(result, centerRegion(operation.size, result), operation.fill);
        break;
      case "random_crop":
        result = crop(result, randomRegion(operation.size, result, { ...operation, random }));
        break;
      case "random_pad":
        if (random.float() < operation.probability) result = padMirrored(result, operation.size);
        break;
      case "random_resized_crop": {
        const part = crop(result, randomPart(result, operation, random));
        result = resample(part, operation);
        break;
      }
      case "resize":
      case "resize_shorter":
      case "resize_cover":
      case "resize_fit":
        result = resize(result, operation, operations[i + 1]);
        break;
      default:
        result = changePixels(result, operation, random);
    }
  }
  return result;
}

type Resize = Extract<ImageOperation, { readonly op: `resize${string}` }>;

function resize(image: Image, operation: Resize, next: ImageOperation | undefined): Image {
  const size = sizeAfter(operation, [image.height, image.width]);
  const [height, width] = size;
  if (height === image.height && width === image.width) return image;
  const whole = { height, width };
  const region = next?.op === "center_crop"
    ? inside(centerRegion(next.size, whole), whole)
    : undefined;
  return resample(image, { size, interpolation: operation.interpolation, region });
}

/**
 * Tells whether a transform chooses anything at random.
 *
 * @param transform The steps.
 * @returns Whether the same image may become different ones.
 *
 * @example A mirrored image is always the same
 * ```ts
 * import { isRandom } from "@glovita/glovita/images";
 * import { assert } from "@std/assert";
 *
 * const flip = { op: "flip", axis: "horizontal" } as const;
 * const sometimes = { op: "random_apply", probability: 0.5, operations: [flip] } as const;
 * assert(!isRandom({ channels: 3, operations: [flip] }));
 * assert(isRandom({ channels: 3, operations: [flip, sometimes] }));
 * ```
 *
 * @category Transforms
 */
export function isRandom({ operations }: ImageTransform): boolean {
  return operations.some((operation) =>
    operation.op === "normalize" ? operation.erase !== undefined : RANDOM[operation.op]
  );
}

/** Whether steps choose anything at random. */
const RANDOM: { readonly [O in Exclude<ImageOperation["op"], "normalize">]: boolean } = {
  resize: false,
  resize_shorter: false,
  resize_cover: false,
  resize_fit: false,
  center_crop: false,
  flip: false,
  invert: false,
  equalize: false,
  solarize: false,
  random_pad: true,
  random_crop: true,
  random_resized_crop: true,
  rotate: true,
  affine: true,
  auto_operation: true,
  timm_operation: true,
  cutout: true,
  holes: true,
  color_jitter: true,
  brightness_contrast: true,
  gaussian_blur: true,
  motion_blur: true,
  noise: true,
  random_apply: true,
  one_of: true,
};

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
    case "resize":
    case "center_crop":
    case "random_crop":
    case "random_resized_crop":
      return operation.size;
    case "random_pad": // as if all images were enlarged; what comes next has to crop
      return [Math.max(height, operation.size[0]), Math.max(width, operation.size[1])];
    case "resize_shorter": {
      const { size } = operation;
      const longer = Math.trunc((size * Math.max(height, width)) / Math.min(height, width));
      return height < width ? [size, longer] : [longer, size];
    }
    case "resize_cover":
    case "resize_fit": { // timm's ResizeKeepRatio
      const ratios = [height / operation.size[0], width / operation.size[1]];
      const ratio = operation.op === "resize_fit" ? Math.max(...ratios) : Math.min(...ratios);
      const scaled = (side: number) => Math.max(1, roundHalfToEven(side / ratio));
      return [scaled(height), scaled(width)];
    }
    default: // what changes pixels
      return [height, width];
  }
}
