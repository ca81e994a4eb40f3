/**
 * PIL's enhancers and the operations of its `ImageOps` that look each value up, to the last bit, and
 * others of their kind. Reference: Pillow's `ImageEnhance.py`, `ImageOps.py`, `Blend.c`.
 * @module
 */
import { roundHalfToEven } from "./_crop.ts";
import { greyToRgb, type Image, rgbToGrey } from "./image.ts";

/** A copy with other values. */
function withData(image: Image, data: Uint8Array): Image {
  return { ...image, data };
}

/** The grey values of an image, as `convert("L")`. */
export function greyOf({ channels, data }: Image): Uint8Array {
  return channels === 3 ? rgbToGrey(data) : data;
}

/** What `Image.blend` makes of two images: 32-bit floats, cut off behind the point. */
function blend(from: Uint8Array, to: Uint8Array, factor: number): Uint8Array {
  if (factor === 0) return from;
  if (factor === 1) return to;
  const result = new Uint8Array(to.length);
  const alpha = Math.fround(factor);
  for (let i = 0; i < result.length; i++) {
    const value = Math.fround(from[i] + Math.fround(alpha * (to[i] - from[i])));
    result[i] = Math.min(Math.max(value, 0), 255);
  }
  return result;
}

/** `ImageEnhance.Brightness`. */
export function enhanceBrightness(image: Image, factor: number): Image {
  return withData(image, blend(new Uint8Array(image.data.length), image.data, factor));
}

/** `ImageEnhance.Contrast`: away from the mean of the grey image. */
export function enhanceContrast(image: Image, factor: number): Image {
  const grey = greyOf(image);
  const mean = Math.trunc(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5);
  return withData(image, blend(new Uint8Array(image.data.length).fill(mean), image.data, factor));
}

/** `ImageEnhance.Color`: away from the grey image. */
export function enhanceColor(image: Image, factor: number): Image {
  if (image.channels !== 3) return image;
  return withData(image, blend(greyToRgb(rgbToGrey(image.data)), image.data, factor));
}

/** `ImageEnhance.Sharpness`: away from the smoothed image. */
export function enhanceSharpness(image: Image, factor: number): Image {
  return withData(image, blend(smooth(image), image.data, factor));
}

/** `ImageFilter.SMOOTH`: 5 for the pixel, 1 for each of its 8 neighbors; the border stays. */
function smooth({ width, height, channels, data }: Image): Uint8Array {
  const result = data.slice();
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * data[i];
      for (const line of [i - row, i, i + row]) {
        sum += data[line - channels] + data[line] + data[line + channels];
      }
      result[i] = Math.floor((2 * sum + 13) / 26); // to the nearest; 13ths have no halves
    }
  }
  return result;
}

/** Replaces each value by what a table says, one table per channel or one for all. */
function lookUp(image: Image, tables: readonly Uint8Array[]): Image {
  const { channels, data } = image;
  const result = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    const table = tables[channel % tables.length];
    for (let i = channel; i < data.length; i += channels) result[i] = table[data[i]];
  }
  return withData(image, result);
}

function table(value: (of: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => Math.min(Math.max(value(i), 0), 255));
}

/** `ImageOps.invert`. */
export function invert(image: Image): Image {
  return lookUp(image, [table((value) => 255 - value)]);
}

/** `ImageOps.posterize`: keeps the highest bits. */
export function posterize(image: Image, bits: number): Image {
  return lookUp(image, [table((value) => value & ~(2 ** (8 - bits) - 1))]);
}

/** `ImageOps.solarize`: inverts values from the threshold on. */
export function solarize(image: Image, threshold: number): Image {
  return lookUp(image, [table((value) => value < threshold ? value : 255 - value)]);
}

/** timm's `solarize_add`: brightens the darker half of the values. */
export function solarizeAdd(image: Image, add: number): Image {
  return lookUp(image, [table((value) => value < 128 ? value + add : value)]);
}

function histogram({ channels, data }: Image, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < data.length; i += channels) counts[data[i]]++;
  return counts;
}

function perChannel(image: Image, make: (counts: Uint32Array) => Uint8Array): Image {
  const tables = Array.from({ length: image.channels }, (_, i) => make(histogram(image, i)));
  return lookUp(image, tables);
}

/** `ImageOps.autocontrast`: spreads each channel over 0 to 255. */
export function autocontrast(image: Image): Image {
  return perChannel(image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return table((value) => value);
    const scale = 255 / (high - low);
    return table((value) => Math.trunc(value * scale - low * scale));
  });
}

/** OpenCV's `equalizeHist` of each channel: the least value becomes 0, the greatest 255. */
export function equalizeHistogram(image: Image): Image {
  return perChannel(image, (counts) => {
    const all = image.width * image.height;
    const first = counts.findIndex((count) => count > 0);
    if (counts[first] === all) return table((value) => value);
    const scale = Math.fround(255 / (all - counts[first]));
    let sum = 0;
    return table((value) => {
      if (value > first) sum += counts[value];
      return roundHalfToEven(Math.fround(sum * scale));
    });
  });
}

/** `ImageOps.equalize`: makes all values of a channel about equally frequent. */
export function equalize(image: Image): Image {
  return perChannel(image, (counts) => {
    const present = counts.filter((count) => count > 0);
    const all = present.reduce((sum, count) => sum + count, 0);
    const step = Math.floor((all - present[present.length - 1]) / 255);
    if (present.length <= 1 || step === 0) return table((value) => value);
    let sum = Math.floor(step / 2);
    return table((value) => {
      const place = Math.floor(sum / step);
      sum += counts[value];
      return place;
    });
  });
}
