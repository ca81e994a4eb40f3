/**
 * Takes the steps of a transform that change pixels and keep the size of an image.
 * @module
 */
import type { Random } from "../random.ts";
import {
  autocontrast,
  enhanceBrightness,
  enhanceColor,
  enhanceContrast,
  enhanceSharpness,
  equalize,
  greyOf,
  invert,
  posterize,
  solarize,
} from "./_enhance.ts";
import { jitterBrightness, jitterContrast, jitterHue, jitterSaturation } from "./_jitter.ts";
import { rotateMirrored, rotateNearest, warpBicubic, warpNearest } from "./_warp.ts";
import type { Image } from "./image.ts";
import type { AutoOperationName, PixelOperation } from "./pixel_operation.ts";

type Step<O extends PixelOperation["op"]> = Extract<PixelOperation, { readonly op: O }>;

/**
 * Takes one step.
 *
 * @param image The image, which is not changed.
 * @param operation The step.
 * @param random Where its random choices come from.
 * @returns An image of the same size.
 *
 * @example A mirrored image
 * ```ts
 * import { Random } from "../random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const image = { width: 3, height: 1, channels: 1, data: new Uint8Array([1, 2, 3]) };
 * const flipped = changePixels(image, { op: "flip", axis: "horizontal" }, new Random(0));
 * assertEquals(flipped.data, new Uint8Array([3, 2, 1]));
 * ```
 */
export function changePixels(image: Image, operation: PixelOperation, random: Random): Image {
  switch (operation.op) {
    case "flip":
      return flip(image, operation.axis);
    case "rotate": {
      const [least, most] = operation.degrees;
      return rotateMirrored(image, between(least, most, random));
    }
    case "auto_operation":
      return autoOperation(image, operation, random);
    case "cutout":
      return cutout(image, operation, random);
    case "color_jitter":
      return jitter(image, operation, random);
    case "random_apply":
      if (random.float() >= operation.probability) return image;
      return changeAll(image, operation.operations, random);
    case "one_of": {
      const { choices } = operation;
      return changeAll(image, choices[random.integer(choices.length)], random);
    }
  }
}

function changeAll(image: Image, operations: readonly PixelOperation[], random: Random): Image {
  return operations.reduce((now, operation) => changePixels(now, operation, random), image);
}

function between(least: number, most: number, random: Random): number {
  return least + (most - least) * random.float();
}

function flip(image: Image, axis: "horizontal" | "vertical"): Image {
  const { width, height, channels, data } = image;
  const result = new Uint8Array(data.length);
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    if (axis === "vertical") {
      result.set(data.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
      continue;
    }
    for (let x = 0, to = y * row; x < width; x++) {
      const from = (y * width + width - 1 - x) * channels;
      for (let channel = 0; channel < channels; channel++) result[to++] = data[from + channel];
    }
  }
  return { ...image, data: result };
}

/** The square reaches from half its side before a pixel to half its side behind it. */
function cutout(image: Image, { size, fill }: Omit<Step<"cutout">, "op">, random: Random): Image {
  const { width, height, channels } = image;
  const data = image.data.slice();
  const half = Math.floor(size / 2);
  const [centerX, centerY] = [random.integer(width), random.integer(height)];
  for (let y = Math.max(0, centerY - half); y < Math.min(height, centerY + half); y++) {
    for (let x = Math.max(0, centerX - half); x < Math.min(width, centerX + half); x++) {
      for (let i = 0; i < channels; i++) data[(y * width + x) * channels + i] = fill[i];
    }
  }
  return { ...image, data };
}

function jitter(image: Image, strengths: Step<"color_jitter">, random: Random): Image {
  const factor = (strength: number) => between(1 - strength, 1 + strength, random);
  const brightness = factor(strengths.brightness);
  const contrast = factor(strengths.contrast);
  const saturation = factor(strengths.saturation);
  const turn = between(-strengths.hue, strengths.hue, random);
  const steps = [
    (now: Image) => jitterBrightness(now, brightness),
    (now: Image) => jitterContrast(now, contrast),
    (now: Image) => jitterSaturation(now, saturation),
    (now: Image) => jitterHue(now, turn),
  ];
  const order = random.shuffle(Int32Array.of(0, 1, 2, 3));
  return order.reduce((now, step) => steps[step](now), image);
}

/** Grey of what moves in from outside. */
const OUTSIDE = 128;
/** Bits that stay, by magnitude. */
const BITS = [8, 8, 7, 7, 6, 6, 5, 5, 4, 4];
/** Sides of squares, by magnitude. */
const SIDES = [0, 2, 4, 7, 9, 11, 13, 16, 18, 20];
/** Color of squares. */
const SQUARE = new Uint8Array([125, 122, 113]);

/** What an operation does with a magnitude of 0 to 9; `sign` is 1 or -1. */
type AutoOperation = (image: Image, index: number, sign: () => number, random: Random) => Image;

const AUTO_OPERATIONS: { readonly [N in AutoOperationName]: AutoOperation } = {
  shear_x: (image, index, sign) =>
    warpBicubic(image, [1, 0.3 * index / 9 * sign(), 0, 0, 1, 0], OUTSIDE),
  shear_y: (image, index, sign) =>
    warpBicubic(image, [1, 0, 0, 0.3 * index / 9 * sign(), 1, 0], OUTSIDE),
  translate_x: (image, index, sign) =>
    warpNearest(image, [1, 0, shift(index, image.width) * sign(), 0, 1, 0], OUTSIDE),
  translate_y: (image, index, sign) =>
    warpNearest(image, [1, 0, 0, 0, 1, shift(index, image.height) * sign()], OUTSIDE),
  rotate: (image, index) => rotateNearest(image, 30 * index / 9, OUTSIDE),
  color: (image, index, sign) => enhanceColor(image, 1 + index / 10 * sign()),
  contrast: (image, index, sign) => enhanceContrast(image, 1 + index / 10 * sign()),
  sharpness: (image, index, sign) => enhanceSharpness(image, 1 + index / 10 * sign()),
  brightness: (image, index, sign) => enhanceBrightness(image, 1 + index / 10 * sign()),
  posterize: (image, index) => posterize(image, BITS[index]),
  solarize: (image, index) => solarize(image, 256 - 256 * index / 9),
  cutout: (image, index, _sign, random) => {
    const fill = image.channels === 3 ? SQUARE : greyOf({ ...ONE_PIXEL, data: SQUARE });
    return cutout(image, { size: SIDES[index], fill: [...fill] }, random);
  },
  autocontrast,
  equalize,
  invert,
};

const ONE_PIXEL = { width: 1, height: 1, channels: 3 };

/** Pixels by which an image moves at most, for a side of 331 pixels. */
function shift(index: number, side: number): number {
  return 150 / 331 * index / 9 * side;
}

function autoOperation(
  image: Image,
  { name, index = 0 }: Step<"auto_operation">,
  random: Random,
): Image {
  const magnitude = typeof index === "number"
    ? index
    : index[0] + random.integer(index[1] - index[0] + 1);
  const sign = () => random.integer(2) === 0 ? -1 : 1;
  return AUTO_OPERATIONS[name](image, magnitude, sign, random);
}
