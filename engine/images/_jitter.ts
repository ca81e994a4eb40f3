/**
 * Changes of color as albumentations makes them with OpenCV: each step gives whole numbers of 0 to
 * 255.
 * @module
 */
import type { Random } from "../random.ts";
import { roundHalfToEven } from "./_crop.ts";
import { greyToRgb, type Image } from "./image.ts";

/** Numbers to the nearest whole ones of 0 to 255. */
function rounded(image: Image, value: (at: number) => number): Image {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.min(Math.max(roundHalfToEven(value(i)), 0), 255);
  }
  return { ...image, data };
}

/** The grey values of an image, `cvtColor` with `COLOR_RGB2GRAY`, which weighs in steps of 2^-15. */
function greyOf({ channels, data }: Image): Uint8Array {
  if (channels !== 3) return data;
  const grey = new Uint8Array(data.length / 3);
  for (let to = 0, i = 0; to < grey.length; to++, i += 3) {
    grey[to] = (data[i] * 9798 + data[i + 1] * 19235 + data[i + 2] * 3735 + 2 ** 14) >> 15;
  }
  return grey;
}

/** Replaces each value by one that depends on nothing else. */
function changed(image: Image, change: (value: number) => number): Image {
  const values = { width: 256, height: 1, channels: 1, data: new Uint8Array(256) };
  const table = rounded(values, change).data;
  return { ...image, data: image.data.map((value) => table[value]) };
}

/** Multiplies all values. */
export function jitterBrightness(image: Image, factor: number): Image {
  return changed(image, (value) => value * factor);
}

/** Multiplies all values, and adds a share of 255. */
export function brightnessContrast(image: Image, factor: number, share: number): Image {
  return changed(image, (value) => value * factor + share * 255);
}

/** Adds normal random numbers, whose deviation is a share of 255, to each value. */
export function addNoise(image: Image, deviation: number, random: Random): Image {
  return rounded(image, (i) => image.data[i] + random.normal() * deviation * 255);
}

/** Moves all values away from the mean of the grey image. */
export function jitterContrast(image: Image, factor: number): Image {
  const grey = greyOf(image);
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  return changed(image, (value) => factor * value + (1 - factor) * mean);
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
  const hsv = new Int32Array(3);
  for (let i = 0; i < data.length; i += 3) {
    toHsv(image.data, i, hsv);
    hsv[0] = Math.trunc((hsv[0] + HUES * turn + HUES) % HUES);
    toRgb(hsv, data, i);
  }
  return { ...image, data };
}

/** Bits behind the point of a quotient. */
const BITS = 12;

/** Divides as OpenCV does: by the nearest multiple of 1/4096. */
function quotient(value: number, by: number, scale: number): number {
  const factor = Math.round((scale << BITS) / by);
  return (value * factor + (1 << (BITS - 1))) >> BITS;
}

/** Hue of 0 to 179, saturation and value of 0 to 255. */
function toHsv(data: Uint8Array, at: number, hsv: Int32Array): void {
  const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  hsv.fill(0);
  hsv[2] = value;
  if (range === 0) return;
  const sixths = value === red
    ? green - blue
    : value === green
    ? 2 * range + blue - red
    : 4 * range + red - green;
  const hue = quotient(sixths, 6 * range, HUES);
  hsv[0] = hue < 0 ? hue + HUES : hue;
  hsv[1] = quotient(range, value, 255);
}

/** Where red, green and blue stand in the table of a sixth of the hues. */
const SIXTHS = [[0, 3, 1], [2, 0, 1], [1, 0, 3], [1, 2, 0], [3, 1, 0], [0, 1, 2]] as const;

/** In 32-bit floats, rounded, as OpenCV does it with small images; of large ones it cuts most off. */
function toRgb(hsv: Int32Array, data: Uint8Array, to: number): void {
  const float = Math.fround;
  const [hue, saturation, value] = [hsv[0], hsv[1], hsv[2]];
  const at = float(hue * float(6 / HUES));
  const sixth = Math.floor(at);
  const part = float(at - sixth);
  const s = float(saturation * float(1 / 255));
  const v = float(value * float(1 / 255));
  const places = SIXTHS[sixth];
  for (let i = 0; i < 3; i++) {
    const place = places[i];
    const share = place === 0
      ? 0
      : place === 1
      ? s
      : float(s * (place === 2 ? part : float(1 - part)));
    data[to + i] = roundHalfToEven(float(float(v * float(1 - share)) * 255));
  }
}
