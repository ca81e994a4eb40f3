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
    readonly degrees: readonly [least: number, most: number];
  }
  | {
    /** An operation of AutoAugment, with a random sign where it has one. */
    readonly op: "auto_operation";
    /** Which one. */
    readonly name: AutoOperationName;
    /** Its magnitude, 0 to 9, or the range that it is drawn from. @default 0 */
    readonly index?: number | readonly [least: number, most: number];
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
