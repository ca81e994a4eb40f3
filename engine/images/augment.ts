/**
 * Takes the steps of a transform that change pixels and keep the size of an image.
 * @module
 */
import type { Random } from "../random.ts";
import { autoOperation } from "./_auto_operations.ts";
import { coverHoles, coverSquare } from "./_cover.ts";
import { equalizeHistogram, invert, solarize } from "./_enhance.ts";
import { gaussianBlur, motionBlur, motionLine } from "./_filter.ts";
import {
  addNoise,
  brightnessContrast,
  jitterBrightness,
  jitterContrast,
  jitterHue,
  jitterSaturation,
} from "./_jitter.ts";
import { affine, rotateMirrored } from "./_opencv_warp.ts";
import { timmOperation } from "./_timm_operations.ts";
import type { Image } from "./image.ts";
import type { DrawnRange, PixelOperation } from "./pixel_operation.ts";

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
    case "rotate":
      return rotateMirrored(image, between(operation.degrees, random));
    case "affine":
      return move(image, operation, random);
    case "auto_operation":
      return autoOperation(image, operation, random);
    case "timm_operation":
      return timmOperation(image, operation, random);
    case "invert":
      return invert(image);
    case "equalize":
      return equalizeHistogram(image);
    case "solarize":
      return solarize(image, operation.threshold);
    case "cutout":
      return coverSquare(image, operation, random);
    case "holes":
      return coverHoles(image, operation, random);
    case "color_jitter":
      return jitter(image, operation, random);
    case "brightness_contrast": {
      const factor = 1 + eitherWay(operation.contrast, random);
      return brightnessContrast(image, factor, eitherWay(operation.brightness, random));
    }
    case "noise":
      return addNoise(image, between(operation.sigma, random), random);
    case "gaussian_blur": {
      const sigma = between(operation.sigma, random);
      const size = whole(operation.size, random);
      return gaussianBlur(image, size % 2 === 0 ? size + 1 : size, sigma);
    }
    case "motion_blur":
      return blurAlongLine(image, operation, random);
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

function between([least, most]: DrawnRange, random: Random): number {
  return least + (most - least) * random.float();
}

/** A number of at most `most`, with any sign. */
function eitherWay(most: number, random: Random): number {
  return between([-most, most], random);
}

function whole([least, most]: DrawnRange, random: Random): number {
  return least + random.integer(most - least + 1);
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

function move(
  image: Image,
  { scale, shear, shift, border }: Step<"affine">,
  random: Random,
): Image {
  const twice = (draw: () => number) => [draw(), draw()] as const;
  const scales = twice(() => between(scale, random));
  const shears = twice(() => eitherWay(shear, random));
  const [x, y] = twice(() => eitherWay(shift, random));
  const pixels = [Math.trunc(x * image.width), Math.trunc(y * image.height)] as const;
  const change = { scale: scales, shear: shears, shift: pixels };
  return affine(image, change, border === "black" ? "black" : "edge_once");
}

function blurAlongLine(image: Image, { size }: Step<"motion_blur">, random: Random): Image {
  const [least, most] = size;
  const length = least + 2 * random.integer((most - least) / 2 + 1);
  const quarter = (length - 1) / 4;
  const degrees = between([0, 360], random);
  const direction = eitherWay(1, random);
  const shift = [eitherWay(quarter, random), eitherWay(quarter, random)] as const;
  return motionBlur(image, motionLine({ size: length, degrees, direction, shift }));
}

function jitter(image: Image, strengths: Step<"color_jitter">, random: Random): Image {
  const factor = (strength: number) => between([1 - strength, 1 + strength], random);
  const brightness = factor(strengths.brightness);
  const contrast = factor(strengths.contrast);
  const saturation = factor(strengths.saturation);
  const turn = eitherWay(strengths.hue, random);
  const steps = [
    (now: Image) => jitterBrightness(now, brightness),
    (now: Image) => jitterContrast(now, contrast),
    (now: Image) => jitterSaturation(now, saturation),
    (now: Image) => jitterHue(now, turn),
  ];
  const order = random.shuffle(Int32Array.of(0, 1, 2, 3));
  return order.reduce((now, step) => steps[step](now), image);
}
