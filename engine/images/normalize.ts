/**
 * From pixels to the numbers that an encoder computes with.
 * @module
 */
import { Random } from "../random.ts";
import { erasedPart } from "./_cover.ts";
import type { Image } from "./image.ts";
import type { EraseOptions } from "./pixel_operation.ts";
import type { ImageTransform, NormalizeOperation } from "./transform.ts";

/**
 * Turns pixels into numbers as torchvision's `ToTensor` and `Normalize` do, in float32:
 * `(pixel / 255 - mean) / std`.
 *
 * @param image Pixels, channel by channel in each.
 * @param transform Its last step says mean and standard deviation; without it they are 0 and 1.
 * @param into Takes the numbers, `[channels, height, width]`.
 * @param random Where random choices come from. @default seed 0
 *
 * @example A black and a white pixel
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const image = { width: 2, height: 1, channels: 1, data: new Uint8Array([0, 255]) };
 * const operations = [{ op: "normalize", mean: [0.5], std: [0.5] }] as const;
 * const numbers = new Float32Array(2);
 * normalizeImage(image, { channels: 1, operations }, numbers);
 * assertEquals(numbers, new Float32Array([-1, 1]));
 * ```
 */
export function normalizeImage(
  image: Image,
  transform: ImageTransform,
  into: Float32Array,
  random: Random = new Random(0),
): void {
  const { channels, data } = image;
  const area = image.height * image.width;
  const last = transform.operations.at(-1);
  const operation = last?.op === "normalize" ? last : undefined;
  for (let channel = 0; channel < channels; channel++) {
    const table = numbersOfPixels(operation, channel);
    const to = channel * area;
    for (let i = 0, from = channel; i < area; i++, from += channels) {
      into[to + i] = table[data[from]];
    }
  }
  if (operation?.erase) erase(image, operation.erase, into, random);
}

/** Puts normal random numbers into a rectangle, the same one in all channels. */
function erase(image: Image, options: EraseOptions, into: Float32Array, random: Random): void {
  if (random.float() >= options.probability) return;
  const part = erasedPart(image, options, random);
  if (!part) return;
  for (let channel = 0; channel < image.channels; channel++) {
    for (let y = part.top; y < part.top + part.height; y++) {
      const row = (channel * image.height + y) * image.width + part.left;
      for (let x = row; x < row + part.width; x++) into[x] = random.normal();
    }
  }
}

/** The number for each of the 256 values of a pixel. */
function numbersOfPixels(
  operation: NormalizeOperation | undefined,
  channel: number,
): Float32Array {
  const [mean, std] = [operation?.mean[channel] ?? 0, operation?.std[channel] ?? 1];
  return Float32Array.from({ length: 256 }, (_, pixel) => {
    const centered = Math.fround(Math.fround(pixel / 255) - Math.fround(mean));
    return centered / Math.fround(std);
  });
}
