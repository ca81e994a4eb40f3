/**
 * What the policies for training share: sizes, and steps that are made of smaller ones.
 * @module
 */
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { AutoOperationName, PixelOperation } from "../../engine/images/pixel_operation.ts";
import type { ImageOperation, ImageSize } from "../../engine/images/transform.ts";
import type { PolicyContext } from "../../registry/plugin.ts";
import { squareSize } from "./_evaluation.ts";

/** Side of CIFAR's images. */
const CIFAR_SIDE = 32;

/**
 * What GloViTa's policies of CIFAR begin and end with.
 * @category Policies
 */
export interface CifarSizes {
  /** Height and width that the encoder gets. */
  readonly size: ImageSize;
  /** Height and width of the crop. */
  readonly cropped: ImageSize;
  /** Brings images to the crop's size; does nothing to those of CIFAR. */
  readonly first: ImageOperation;
  /** Brings crops to the encoder's size; does nothing where they have it. */
  readonly last: ImageOperation;
}

/**
 * Finds the sizes of a policy of CIFAR: it changes images of `crop_size`, 32 where not given, which
 * the encoder then gets in its own size.
 * @param context What the policy gets.
 * @param given Interpolation of the policy's options; `null` for the encoder's.
 * @returns Sizes, first and last step.
 *
 * @example An encoder for images of 224 pixels
 * ```ts
 * import { cifarSizes } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const preprocessing = { channels: 3, imageSize: [224, 224] } as const;
 * const { size, cropped } = cifarSizes({ preprocessing }, null);
 * assertEquals([size, cropped], [[224, 224], [32, 32]]);
 * ```
 *
 * @category Policies
 */
export function cifarSizes(context: PolicyContext, given: Interpolation | null): CifarSizes {
  const side = context.cropSize ?? CIFAR_SIDE;
  const cropped: ImageSize = [side, side];
  const size = squareSize(context.imageSize) ?? context.preprocessing.imageSize ?? cropped;
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  return {
    size,
    cropped,
    first: { op: "resize_shorter", size: side, interpolation },
    last: { op: "resize", size, interpolation },
  };
}

/**
 * Takes steps for a share of the images.
 * @param probability The share.
 * @param operations The steps.
 * @returns The step that holds them.
 *
 * @example Half of the images are mirrored
 * ```ts
 * import { sometimes } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { op } = sometimes(0.5, { op: "flip", axis: "horizontal" });
 * assertEquals(op, "random_apply");
 * ```
 *
 * @category Policies
 */
export function sometimes(
  probability: number,
  ...operations: readonly PixelOperation[]
): PixelOperation {
  return { op: "random_apply", probability, operations };
}

/**
 * Mirrors a share of the images.
 * @param axis `horizontal` swaps left and right.
 * @param probability The share.
 * @returns The step.
 *
 * @example The usual flip
 * ```ts
 * import { flip } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(flip("horizontal", 0.5), {
 *   op: "random_apply",
 *   probability: 0.5,
 *   operations: [{ op: "flip", axis: "horizontal" }],
 * });
 * ```
 *
 * @category Policies
 */
export function flip(axis: "horizontal" | "vertical", probability: number): PixelOperation {
  return sometimes(probability, { op: "flip", axis });
}

/** What RandAugment chooses from. */
const NAMES: readonly AutoOperationName[] = [
  "shear_x",
  "shear_y",
  "translate_x",
  "translate_y",
  "rotate",
  "color",
  "contrast",
  "sharpness",
  "brightness",
  "posterize",
  "solarize",
  "cutout",
  "autocontrast",
  "equalize",
  "invert",
];

/**
 * Makes the steps of GloViTa's RandAugment: twice one of 15 operations with a magnitude of 1 to 9,
 * each for half of the images. The two may be the same.
 * @returns The steps.
 *
 * @example Two steps, each of 15 choices
 * ```ts
 * import { randAugmentSteps } from "@glovita/glovita/parts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const steps = randAugmentSteps();
 * assertEquals(steps.length, 2);
 * const [first] = steps;
 * assert(first.op === "random_apply" && first.operations[0].op === "one_of");
 * assertEquals(first.operations[0].choices.length, 15);
 * ```
 *
 * @category Policies
 */
export function randAugmentSteps(): readonly PixelOperation[] {
  const choices = NAMES.map((name) => [{ op: "auto_operation", name, index: [1, 9] } as const]);
  const step = sometimes(0.5, { op: "one_of", choices });
  return [step, step];
}

/** Color of squares that are cut out. */
const SQUARE = [125, 122, 113];
/** The same in grey, as PIL converts it. */
const GREY_SQUARE = [122];

/**
 * Covers a square around a random pixel with GloViTa's color.
 * @param size Side of the square.
 * @param channels Channels of the images.
 * @returns The step.
 *
 * @example The usual square
 * ```ts
 * import { cutout } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cutout(16, 3), { op: "cutout", size: 16, fill: [125, 122, 113] });
 * ```
 *
 * @category Policies
 */
export function cutout(size: number, channels: number): PixelOperation {
  return { op: "cutout", size, fill: channels === 1 ? GREY_SQUARE : SQUARE };
}
