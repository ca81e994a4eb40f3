/**
 * Decoded images, and the conversions between their channels as PIL does them.
 * @module
 */

/**
 * A decoded image.
 * @category Sources
 */
export interface Image {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Values of a pixel: 3 for RGB, 1 for greyscale. */
  readonly channels: number;
  /** `[height, width, channels]`, row-major. */
  readonly data: Uint8Array;
}

/**
 * Repeats the grey value, as PIL's `convert("RGB")`.
 *
 * @param grey One value a pixel.
 * @returns Three values a pixel.
 */
export function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * grey.length);
  for (let i = 0, to = 0; i < grey.length; i++) {
    const value = grey[i];
    rgb[to++] = value;
    rgb[to++] = value;
    rgb[to++] = value;
  }
  return rgb;
}

/**
 * Weighs the channels as ITU-R 601-2 does, with PIL's rounding in `convert("L")`.
 *
 * @param rgb Three values a pixel.
 * @returns One value a pixel.
 */
export function rgbToGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) {
    grey[i] = (19595 * rgb[from] + 38470 * rgb[from + 1] + 7471 * rgb[from + 2] + 0x8000) >> 16;
  }
  return grey;
}

/**
 * Mixes inks without a colour profile, as PIL's `convert("RGB")`.
 *
 * @param cmyk Four values a pixel, 255 for all ink.
 * @returns Three values a pixel: `255 - k - c (255 - k) / 255`.
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((3 * cmyk.length) / 4);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - cmyk[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      const product = cmyk[from + channel] * light + 128;
      rgb[to++] = Math.max(0, light - ((product + (product >> 8)) >> 8));
    }
  }
  return rgb;
}

/**
 * Gives an image the wanted channels.
 *
 * @param image The image.
 * @param channels 3 for RGB, 1 for greyscale.
 * @returns The image itself if it has them already.
 *
 * @example Grey to RGB
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const image = { width: 2, height: 1, channels: 1, data: new Uint8Array([7, 9]) };
 * assertEquals(withChannels(image, 3).data, new Uint8Array([7, 7, 7, 9, 9, 9]));
 * ```
 */
export function withChannels(image: Image, channels: number): Image {
  if (image.channels === channels) return image;
  const data = channels === 3 ? greyToRgb(image.data) : rgbToGrey(image.data);
  return { ...image, channels, data };
}
