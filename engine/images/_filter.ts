/**
 * Blurs as albumentations makes them with OpenCV: the border is mirrored without its edge, numbers
 * are 32-bit floats, rounded at the end.
 * @module
 */
import { mirroredOnce, roundHalfToEven } from "./_crop.ts";
import type { Image } from "./image.ts";

/** Rounds to a number of 8 bits. */
function byte(value: number): number {
  return Math.min(Math.max(roundHalfToEven(value), 0), 255);
}

/** A filter with the weights of a normal distribution, `sepFilter2D`; `size` is odd. */
export function gaussianBlur(image: Image, size: number, sigma: number): Image {
  const { width, height, channels, data } = image;
  const half = (size - 1) / 2;
  const bell = Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = bell.reduce((all, value) => all + value, 0);
  const weights = bell.map((value) => value / sum);
  const row = width * channels;
  const smooth = new Float32Array(data.length);
  for (let x = 0; x < width; x++) {
    const from = weights.map((_, i) => mirroredOnce(x + i - half, width) * channels);
    for (let start = 0; start < data.length; start += row) {
      for (let channel = 0; channel < channels; channel++) {
        let value = 0;
        for (let i = 0; i < size; i++) value += weights[i] * data[start + from[i] + channel];
        smooth[start + x * channels + channel] = value;
      }
    }
  }
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const from = weights.map((_, i) => mirroredOnce(y + i - half, height) * row);
    for (let at = 0; at < row; at++) {
      let value = 0;
      for (let i = 0; i < size; i++) value += weights[i] * smooth[from[i] + at];
      result[y * row + at] = byte(value);
    }
  }
  return { ...image, data: result };
}

/** A pixel beside another. */
export type Offset = readonly [x: number, y: number];

/** How an image moves while it is taken. */
export interface Motion {
  /** Side of the square in which the line lies, odd. */
  readonly size: number;
  /** Direction of the line. */
  readonly degrees: number;
  /** Share of a half of the line that is cut off: below 0 of the second, above 0 of the first. */
  readonly direction: number;
  /** How far the line lies from the middle. */
  readonly shift: Offset;
}

/** The pixels that a moving image mixes, row by row, each once. */
export function motionLine({ size, degrees, direction, shift }: Motion): readonly Offset[] {
  const half = (size - 1) / 2;
  const first = direction > 0 ? -half * (1 - direction) : -half;
  const last = direction < 0 ? half * (1 + direction) : half;
  const angle = degrees * Math.PI / 180;
  const place = (along: number, moved: number) =>
    Math.min(Math.max(roundHalfToEven(half + along + moved), 0), size - 1);
  const met = new Set<number>();
  for (let i = 0; i < size; i++) {
    const at = first + (last - first) * i / (size - 1);
    const x = place(Math.cos(angle) * at, shift[0]);
    met.add(place(Math.sin(angle) * at, shift[1]) * size + x);
  }
  return [...met].sort((a, b) => a - b)
    .map((at) => [at % size - half, Math.floor(at / size) - half]);
}

/** The mean of the pixels of a line, `filter2D`. */
export function motionBlur(image: Image, line: readonly Offset[]): Image {
  const { width, height, channels, data } = image;
  const result = new Uint8Array(data.length);
  const weight = Math.fround(1 / line.length);
  const columns = line.map(([x]) => {
    return Int32Array.from({ length: width }, (_, i) => mirroredOnce(i + x, width) * channels);
  });
  for (let y = 0, to = 0; y < height; y++) {
    const rows = line.map(([, dy]) => mirroredOnce(y + dy, height) * width * channels);
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let value = 0;
        for (let i = 0; i < rows.length; i++) {
          value = Math.fround(value + weight * data[rows[i] + columns[i][x] + channel]);
        }
        result[to++] = byte(value);
      }
    }
  }
  return { ...image, data: result };
}
