/**
 * Steps of a transform that change pixels and keep the size of an image, as plain data. What is
 * random in them is drawn for each image.
 * @module
 */

/**
 * The operations that AutoAugment and RandAugment choose from, each with ten magnitudes.
 * @category Transforms
 */
export type AutoOperationName =
  | "shear_x"
  | "shear_y"
  | "translate_x"
  | "translate_y"
  | "rotate"
  | "color"
  | "contrast"
  | "sharpness"
  | "brightness"
  | "posterize"
  | "solarize"
  | "cutout"
  | "autocontrast"
  | "equalize"
  | "invert";

/**
 * The operations that timm's RandAugment chooses from, each with magnitudes from 0 to 10.
 * @category Transforms
 */
export type TimmOperationName =
  | Exclude<AutoOperationName, "cutout">
  | "solarize_add";

/**
 * Least and most of what is drawn evenly.
 * @category Transforms
 */
export type DrawnRange = readonly [least: number, most: number];

/**
 * One step that keeps the size of an image.
 * @category Transforms
 */
export type PixelOperation =
  | {
    /** Mirrors the image. */
    readonly op: "flip";
    /** `horizontal` swaps left and right. */
    readonly axis: "horizontal" | "vertical";
  }
  | {
    /** Rotates about the middle, bilinear; at the border, the image is mirrored. */
    readonly op: "rotate";
    /** Range of the angle, counter-clockwise. */
    readonly degrees: DrawnRange;
  }
  | {
    /** Scales, shears and shifts about the middle, in this order, bilinear, each axis by itself. */
    readonly op: "affine";
    /** Range of the factors. */
    readonly scale: DrawnRange;
    /** Most that a side is sheared either way, in degrees. */
    readonly shear: number;
    /** Most that the image is shifted either way, as a share of its side; to whole pixels. */
    readonly shift: number;
    /** What lies outside: black, or the image, mirrored without its edge. */
    readonly border: "black" | "mirrored";
  }
  | {
    /** An operation of AutoAugment, with a random sign where it has one. */
    readonly op: "auto_operation";
    /** Which one. */
    readonly name: AutoOperationName;
    /** Its magnitude, 0 to 9, or the range that it is drawn from. @default 0 */
    readonly index?: number | DrawnRange;
  }
  | {
    /** An operation of timm's RandAugment, with a random sign where it has one. */
    readonly op: "timm_operation";
    /** Which one. */
    readonly name: TimmOperationName;
    /** Mean of its magnitude; what is drawn is cut off at 0 and 10. */
    readonly magnitude: number;
    /** Standard deviation of its magnitude. */
    readonly deviation: number;
    /** Color, 0 to 255 per channel, of what moves in from outside. */
    readonly fill: readonly number[];
  }
  | {
    /** Negates all values, or equalizes the histogram of each channel as OpenCV does. */
    readonly op: "invert" | "equalize";
  }
  | {
    /** Negates high values. */
    readonly op: "solarize";
    /** The least value, 0 to 255, that is negated. */
    readonly threshold: number;
  }
  | {
    /** Covers a square around a random pixel. */
    readonly op: "cutout";
    /** Side of the square; what lies outside the image is left out. */
    readonly size: number;
    /** Color, 0 to 255 per channel. */
    readonly fill: readonly number[];
  }
  | {
    /** Changes colors, in random order: factors of 1 ± a number, and hues by ± a number of 1. */
    readonly op: "color_jitter";
    /** Most that is added to, or taken from, the factor of brightness. */
    readonly brightness: number;
    /** Likewise of contrast. */
    readonly contrast: number;
    /** Likewise of saturation. */
    readonly saturation: number;
    /** Most that hues turn; 1 is a whole turn. */
    readonly hue: number;
  }
  | {
    /** Multiplies all values and adds a number to them. */
    readonly op: "brightness_contrast";
    /** Most that is added or taken, as a share of 255. */
    readonly brightness: number;
    /** Most by which the factor differs from 1. */
    readonly contrast: number;
  }
  | {
    /** Blurs by weights of a normal distribution. */
    readonly op: "gaussian_blur";
    /** Range of the filter's side in pixels; even ones get a pixel more. */
    readonly size: DrawnRange;
    /** Range of the standard deviation in pixels. */
    readonly sigma: DrawnRange;
  }
  | {
    /** Blurs along a line of random direction, as if the camera had moved. */
    readonly op: "motion_blur";
    /** Range of the line's length in pixels, both odd; it is odd too. */
    readonly size: DrawnRange;
  }
  | {
    /** Adds normal random numbers to each value. */
    readonly op: "noise";
    /** Range of their standard deviation, as a share of 255. */
    readonly sigma: DrawnRange;
  }
  | {
    /** Covers rectangles in black. */
    readonly op: "holes";
    /** Range of their number. */
    readonly count: DrawnRange;
    /** Range of their sides, as a share of the image's. */
    readonly side: DrawnRange;
  }
  | {
    /** Takes steps for some images. */
    readonly op: "random_apply";
    /** Share of the images. */
    readonly probability: number;
    /** The steps, in order. */
    readonly operations: readonly PixelOperation[];
  }
  | {
    /** Takes one of several lists of steps, all equally likely. */
    readonly op: "one_of";
    /** The lists. */
    readonly choices: readonly (readonly PixelOperation[])[];
  };

/**
 * A rectangle of some images that gets normal random numbers, as timm's `RandomErasing` does it for
 * each pixel.
 * @category Transforms
 */
export interface EraseOptions {
  /** Share of the images. */
  readonly probability: number;
  /** Range of the rectangle's share of the area. */
  readonly area: DrawnRange;
  /** Range of its height by its width. */
  readonly ratio: DrawnRange;
}
