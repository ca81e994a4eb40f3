/**
 * Turns images as EXIF numbers it.
 * @module
 */
import type { Image } from "./image.ts";

/** Where a pixel of the turned image comes from: column and row for `x` and `y`. */
type Origin = (x: number, y: number, last: { column: number; row: number }) => [number, number];

/** Those that change an image, by number: 1 and unknown ones do not. */
const ORIGINS: Readonly<Record<number, Origin>> = {
  2: (x, y, { column }) => [column - x, y],
  3: (x, y, { column, row }) => [column - x, row - y],
  4: (x, y, { row }) => [x, row - y],
  5: (x, y) => [y, x],
  6: (x, y, { row }) => [y, row - x],
  7: (x, y, { column, row }) => [column - y, row - x],
  8: (x, y, { column }) => [column - y, x],
};

/**
 * Whether rows become columns.
 * @param orientation EXIF's number.
 */
export function swapsSides(orientation: number): boolean {
  return orientation >= 5 && orientation <= 8;
}

/**
 * Turns an image upright.
 *
 * @param image The image as it is stored.
 * @param orientation EXIF's number of how it is stored.
 * @returns The image itself if it is upright.
 *
 * @example Two pixels, stored turned by a quarter
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const stored = { width: 2, height: 1, channels: 1, data: new Uint8Array([1, 2]) };
 * const { width, height, data } = turnUpright(stored, 8);
 * assertEquals([width, height, ...data], [1, 2, 2, 1]);
 * ```
 */
export function turnUpright(image: Image, orientation: number): Image {
  const origin = ORIGINS[orientation];
  if (!origin) return image;
  const { channels, data } = image;
  const last = { column: image.width - 1, row: image.height - 1 };
  const [width, height] = swapsSides(orientation)
    ? [image.height, image.width]
    : [image.width, image.height];
  const turned = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = origin(x, y, last);
      const from = (row * image.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) turned[to++] = data[from + channel];
    }
  }
  return { ...image, width, height, data: turned };
}
