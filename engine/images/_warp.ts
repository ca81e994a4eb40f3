/**
 * Moves the pixels of an image by an affine map, with PIL's arithmetic to the last bit. References:
 * Pillow's `Geometry.c` and `Image.rotate`.
 * @module
 */
import type { Image } from "./image.ts";

/** From a pixel of the result to the place in the image: `x' = ax + by + c`, `y' = dx + ey + f`. */
export type AffineMap = readonly [
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
];

/** Where pixels of the result lie in the image; -1 outside. */
type Place = (x: number, y: number) => number;

/** `Image.transform` with `NEAREST`; what lies outside gets the value `fill`. */
export function warpNearest(image: Image, map: AffineMap, fill: number): Image {
  const { width, height, channels, data } = image;
  const place = map[1] === 0 && map[3] === 0 ? scaledPlace(image, map) : fixedPlace(image, map);
  const result = new Uint8Array(data.length).fill(fill);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const from = place(x, y) * channels;
      if (from < 0) continue;
      for (let channel = 0; channel < channels; channel++) {
        result[to + channel] = data[from + channel];
      }
    }
  }
  return { ...image, data: result };
}

/** Maps without rotation: steps are added up, as PIL does. */
function scaledPlace({ width, height }: Image, [a, , c, , e, f]: AffineMap): Place {
  const inputs = (length: number, step: number, start: number) => {
    const found = new Int32Array(length);
    for (let i = 0, at = start + step * 0.5; i < length; i++, at += step) {
      found[i] = at < 0 || at >= length ? -1 : Math.trunc(at);
    }
    return found;
  };
  const columns = inputs(width, a, c);
  const rows = inputs(height, e, f);
  return (x, y) => columns[x] < 0 || rows[y] < 0 ? -1 : rows[y] * width + columns[x];
}

/** Other maps: whole numbers of 1/65536. */
function fixedPlace({ width, height }: Image, [a, b, c, d, e, f]: AffineMap): Place {
  const fix = (value: number) => Math.floor(value * 65536 + 0.5);
  const [xx, xy, x0] = [fix(a), fix(b), fix(c + a * 0.5 + b * 0.5)];
  const [yx, yy, y0] = [fix(d), fix(e), fix(f + d * 0.5 + e * 0.5)];
  return (x, y) => {
    const column = Math.floor((x0 + x * xx + y * xy) / 65536);
    const row = Math.floor((y0 + x * yx + y * yy) / 65536);
    return column < 0 || column >= width || row < 0 || row >= height ? -1 : row * width + column;
  };
}

/** What lies outside an image: a value for all channels, or one for each. */
type Fill = number | readonly number[];

/** `Image.transform` with `BICUBIC`. */
export function warpBicubic(image: Image, [a, b, c, d, e, f]: AffineMap, fill: Fill): Image {
  const { width, height, channels, data } = image;
  const result = filled(data.length, typeof fill === "number" ? [fill] : fill);
  const columns = new Int32Array(4);
  const rows = new Int32Array(4);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const atX = a * (x + 0.5) + b * (y + 0.5) + c;
      const atY = d * (x + 0.5) + e * (y + 0.5) + f;
      if (atX < 0 || atX >= width || atY < 0 || atY >= height) continue;
      const [left, top] = [Math.floor(atX - 0.5), Math.floor(atY - 0.5)];
      const [right, down] = [atX - 0.5 - left, atY - 0.5 - top];
      for (let i = 0; i < 4; i++) {
        columns[i] = Math.min(Math.max(left + i - 1, 0), width - 1) * channels;
        rows[i] = Math.min(Math.max(top + i - 1, 0), height - 1) * width * channels;
      }
      for (let channel = 0; channel < channels; channel++) {
        const value = cubicThrough(
          rowAt(rows[0] + channel, right),
          rowAt(rows[1] + channel, right),
          rowAt(rows[2] + channel, right),
          rowAt(rows[3] + channel, right),
          down,
        );
        result[to + channel] = Math.min(Math.max(value, 0), 255);
      }
    }
  }
  return { ...image, data: result };

  function rowAt(from: number, right: number): number {
    return cubicThrough(
      data[from + columns[0]],
      data[from + columns[1]],
      data[from + columns[2]],
      data[from + columns[3]],
      right,
    );
  }
}

function filled(length: number, fill: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => fill[i % fill.length]);
}

/** PIL's cubic through four values, between the second and the third. */
function cubicThrough(v1: number, v2: number, v3: number, v4: number, at: number): number {
  const linear = -v1 + v3;
  const square = 2 * (v1 - v2) + v3 - v4;
  const cube = -v1 + v2 - v3 + v4;
  return v2 + at * (linear + at * (square + at * cube));
}

/** `Image.rotate` with `NEAREST`, counter-clockwise; corners get the value `fill`. */
export function rotateNearest(image: Image, degrees: number, fill: number): Image {
  return degrees % 360 === 0 ? image : warpNearest(image, rotation(image, degrees), fill);
}

/** `Image.rotate` with `BICUBIC`, counter-clockwise. */
export function rotateBicubic(image: Image, degrees: number, fill: Fill): Image {
  return degrees % 360 === 0 ? image : warpBicubic(image, rotation(image, degrees), fill);
}

/** From a pixel of the rotated image to the place in the image. */
function rotation({ width, height }: Image, degrees: number): AffineMap {
  const angle = -degrees * Math.PI / 180;
  const [cos, sin] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const [x, y] = [width / 2, height / 2];
  return [
    ...[cos, sin, cos * -x + sin * -y + x] as const,
    ...[-sin, cos, -sin * -x + cos * -y + y] as const,
  ];
}

/** A number with as many digits as PIL keeps of cosine and sine. */
function rounded(value: number): number {
  return Math.round(value * 1e15) / 1e15;
}
