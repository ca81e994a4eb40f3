/**
 * Changes of color as albumentations makes them: each step rounds to whole numbers of 0 to 255.
 * @module
 */
import type { Random } from "../random.ts";
import { greyOf } from "./_enhance.ts";
import { greyToRgb, type Image } from "./image.ts";

/** Numbers to the nearest whole ones of 0 to 255. */
function rounded(image: Image, value: (at: number) => number): Image {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(Math.round(value(i)), 0), 255);
  return { ...image, data };
}

/** Multiplies all values. */
export function jitterBrightness(image: Image, factor: number): Image {
  return rounded(image, (i) => image.data[i] * factor);
}

/** Multiplies all values, and adds a share of 255. */
export function brightnessContrast(image: Image, factor: number, share: number): Image {
  return rounded(image, (i) => image.data[i] * factor + share * 255);
}

/** Adds normal random numbers, whose deviation is a share of 255, to each value. */
export function addNoise(image: Image, deviation: number, random: Random): Image {
  return rounded(image, (i) => image.data[i] + random.normal() * deviation * 255);
}

/** Moves all values away from the mean of the grey image. */
export function jitterContrast(image: Image, factor: number): Image {
  const grey = greyOf(image);
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  return rounded(image, (i) => factor * image.data[i] + (1 - factor) * mean);
}

/** Moves colors away from their grey. */
export function jitterSaturation(image: Image, factor: number): Image {
  if (image.channels !== 3) return image;
  const grey = greyToRgb(greyOf(image));
  return rounded(image, (i) => factor * image.data[i] + (1 - factor) * grey[i]);
}

/** Hues of 8 bits, as OpenCV has them: half degrees. */
const HUES = 180;

/** Turns hues; 1 is a whole turn. */
export function jitterHue(image: Image, turn: number): Image {
  if (image.channels !== 3 || turn === 0) return image;
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [hue, saturation, value] = toHsv(image.data[i], image.data[i + 1], image.data[i + 2]);
    const turned = Math.trunc((hue + HUES * turn + HUES) % HUES);
    data.set(toRgb(turned, saturation, value), i);
  }
  return { ...image, data };
}

type Triple = readonly [number, number, number];

/** Bits behind the point of a quotient. */
const BITS = 12;

/** Divides as OpenCV does: by the nearest multiple of 1/4096. */
function quotient(value: number, by: number, scale: number): number {
  const factor = Math.round((scale << BITS) / by);
  return (value * factor + (1 << (BITS - 1))) >> BITS;
}

/** Hue of 0 to 179, saturation and value of 0 to 255. */
function toHsv(red: number, green: number, blue: number): Triple {
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  if (range === 0) return [0, 0, value];
  const sixths = value === red
    ? green - blue
    : value === green
    ? 2 * range + blue - red
    : 4 * range + red - green;
  const hue = quotient(sixths, 6 * range, HUES);
  return [hue < 0 ? hue + HUES : hue, quotient(range, value, 255), value];
}

function toRgb(hue: number, saturation: number, value: number): Triple {
  const channel = (shift: number) => {
    const at = (shift + hue / 30) % 6;
    const share = Math.max(0, Math.min(at, 4 - at, 1));
    return Math.round(value - value * saturation / 255 * share);
  };
  return [channel(5), channel(3), channel(1)];
}
