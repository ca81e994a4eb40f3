/**
 * Moves the pixels of an image by an affine map with OpenCV 4's arithmetic, to the last bit: places
 * are whole numbers of 1/32 pixels. Reference: `warpAffine` with `INTER_LINEAR`. OpenCV 5 computes
 * in floats and differs by a few grey levels.
 * @module
 */
import { mirroredOnce, roundHalfToEven } from "./_crop.ts";
import type { AffineMap } from "./_warp.ts";
import type { Image } from "./image.ts";

/** What lies outside: black, `cba|abc|cba`, or `cb|abc|ba`. */
export type Border = "black" | "edge_twice" | "edge_once";

/** Steps between two pixels. */
const STEPS = 32;
/** Bits behind the point of a place before it is rounded to steps. */
const PLACE_BITS = 10;

/** The pixel that stands for one outside, -1 for black. */
const OUTSIDE: { readonly [B in Border]: (at: number, length: number) => number } = {
  black: (at, length) => at < 0 || at >= length ? -1 : at,
  edge_twice(at, length) {
    const inTwo = ((at % (2 * length)) + 2 * length) % (2 * length);
    return inTwo < length ? inTwo : 2 * length - 1 - inTwo;
  },
  edge_once: mirroredOnce,
};

/** Moves each pixel to where the map says. */
export function warpBilinear(image: Image, forward: AffineMap, border: Border): Image {
  const { width, height, channels, data } = image;
  const result = new Uint8Array(data.length);
  const [a, b, c, d, e, f] = inverse(forward);
  const fixed = (value: number) => roundHalfToEven(value * 2 ** PLACE_BITS);
  const alongX = Int32Array.from({ length: width }, (_, x) => fixed(a * x));
  const alongY = Int32Array.from({ length: width }, (_, x) => fixed(d * x));
  const outside = OUTSIDE[border];
  const half = 2 ** PLACE_BITS / STEPS / 2;
  for (let y = 0, to = 0; y < height; y++) {
    const startX = fixed(b * y + c) + half;
    const startY = fixed(e * y + f) + half;
    for (let x = 0; x < width; x++, to += channels) {
      const atX = (startX + alongX[x]) >> 5;
      const atY = (startY + alongY[x]) >> 5;
      const [left, top] = [atX >> 5, atY >> 5];
      const [right, down] = [atX & (STEPS - 1), atY & (STEPS - 1)];
      const [x0, x1] = [outside(left, width), outside(left + 1, width)];
      const [y0, y1] = [outside(top, height), outside(top + 1, height)];
      for (let i = 0; i < channels; i++) {
        const upper = at(x0, y0, i) * (STEPS - right) + at(x1, y0, i) * right;
        const lower = at(x0, y1, i) * (STEPS - right) + at(x1, y1, i) * right;
        result[to + i] = (upper * (STEPS - down) + lower * down + STEPS * STEPS / 2) >> 10;
      }
    }
  }
  return { ...image, data: result };

  function at(column: number, row: number, channel: number): number {
    return column < 0 || row < 0 ? 0 : data[(row * width + column) * channels + channel];
  }
}

/** The map from a pixel of the result to its place in the image. */
function inverse([a, b, c, d, e, f]: AffineMap): AffineMap {
  const by = 1 / (a * e - b * d);
  const [ia, ib, id, ie] = [e * by, b * -by, d * -by, a * by];
  return [ia, ib, -ia * c - ib * f, id, ie, -id * c - ie * f];
}

/** Rotates counter-clockwise as albumentations: the border is mirrored with its edge repeated. */
export function rotateMirrored(image: Image, degrees: number): Image {
  const angle = degrees * Math.PI / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = middle(image);
  const map: AffineMap = [
    ...[cos, sin, (1 - cos) * x - sin * y] as const,
    ...[-sin, cos, sin * x + (1 - cos) * y] as const,
  ];
  return warpBilinear(image, map, "edge_twice");
}

/** What an affine map does to an image, in this order, about its middle. */
export interface AffineChange {
  /** Factors of width and height. */
  readonly scale: readonly [x: number, y: number];
  /** Degrees. */
  readonly shear: readonly [x: number, y: number];
  /** Pixels. */
  readonly shift: readonly [x: number, y: number];
}

/** Scales, shears and shifts, as albumentations' `Affine`. */
export function affine(image: Image, { scale, shear, shift }: AffineChange, border: Border): Image {
  const [shearX, shearY] = shear.map((degrees) => Math.tan(degrees * Math.PI / 180));
  const [x, y] = middle(image);
  const [a, b] = [scale[0], shearX * scale[1]];
  const [d, e] = [shearY * scale[0], scale[1]];
  const map: AffineMap = [
    ...[a, b, x + shift[0] - a * x - b * y] as const,
    ...[d, e, y + shift[1] - d * x - e * y] as const,
  ];
  return warpBilinear(image, map, border);
}

function middle({ width, height }: Image): readonly [x: number, y: number] {
  return [width / 2 - 0.5, height / 2 - 0.5];
}
