/**
 * Steps and sizes that more than one of GloViTa's policies has.
 * @module
 */
import type { DrawnRange, PixelOperation } from "../../engine/images/pixel_operation.ts";
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageOperation, ImageSize } from "../../engine/images/transform.ts";
import type { PolicyContext } from "../../registry/plugin.ts";
import { squareSize } from "./_evaluation.ts";
import { flip, sometimes } from "./_training.ts";

/**
 * A random part of an image.
 * @category Policies
 */
export interface RandomPart {
  /** Height and width where nobody says any. */
  readonly side: number;
  /** Range of its share of the area. @default torchvision's */
  readonly area?: DrawnRange;
  /** Range of width by height. @default torchvision's */
  readonly ratio?: DrawnRange;
}

/**
 * Makes the step that cuts out a random part and makes it as large as the encoder wants it.
 * @param context What the policy gets.
 * @param given Interpolation of the policy's options; `null` for the encoder's.
 * @param part What part.
 * @returns The encoder's size, and the step.
 *
 * @example As torchvision cuts images of ImageNet
 * ```ts
 * import { resizedCrop } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { size, first } = resizedCrop({ preprocessing: { channels: 3 } }, null, { side: 224 });
 * assertEquals([size, first.op], [[224, 224], "random_resized_crop"]);
 * ```
 *
 * @category Policies
 */
export function resizedCrop(
  context: PolicyContext,
  given: Interpolation | null,
  { side, area = [0.08, 1], ratio = [3 / 4, 4 / 3] }: RandomPart,
): { readonly size: ImageSize; readonly first: ImageOperation } {
  const size = squareSize(context.imageSize) ?? context.preprocessing.imageSize ?? [side, side];
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  return { size, first: { op: "random_resized_crop", size, area, ratio, interpolation } };
}

/**
 * What `default_2d_2` does to its crop.
 *
 * @example Steps, each for a share of the images
 * ```ts
 * import { changesOf2d2 } from "@glovita/glovita/parts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(changesOf2d2.length, 3);
 * assert(changesOf2d2.every(({ op }) => op === "random_apply"));
 * ```
 *
 * @category Policies
 */
export const changesOf2d2: readonly PixelOperation[] = [
  flip("horizontal", 0.5),
  flip("vertical", 0.2),
  sometimes(0.3, { op: "rotate", degrees: [-20, 20] }),
];

/**
 * What `default_2d_3` does to its crop.
 *
 * @example Steps, each for a share of the images
 * ```ts
 * import { changesOf2d3 } from "@glovita/glovita/parts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(changesOf2d3.length, 4);
 * assert(changesOf2d3.every(({ op }) => op === "random_apply"));
 * ```
 *
 * @category Policies
 */
export const changesOf2d3: readonly PixelOperation[] = [
  flip("horizontal", 0.5),
  flip("vertical", 0.5),
  sometimes(0.5, { op: "rotate", degrees: [-45, 45] }),
  sometimes(0.5, {
    op: "color_jitter",
    brightness: 0.15,
    contrast: 0.15,
    saturation: 0.1,
    hue: 0.02,
  }),
];

/**
 * Makes flips, rotations by any angle, and changes of color, each for half of the images.
 * @param strength Most by which brightness, contrast and saturation differ from those of the image.
 * @returns The steps.
 *
 * @example Four steps
 * ```ts
 * import { changesOfAnyAngle } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const steps = changesOfAnyAngle(0.2);
 * assertEquals(steps.map((step) => step.op === "random_apply" && step.operations[0].op), ["flip", "flip", "rotate", "color_jitter"]);
 * ```
 *
 * @category Policies
 */
export function changesOfAnyAngle(strength: number): readonly PixelOperation[] {
  const color = { brightness: strength, contrast: strength, saturation: strength, hue: 0 };
  return [
    flip("horizontal", 0.5),
    flip("vertical", 0.5),
    sometimes(0.5, { op: "rotate", degrees: [-180, 180] }),
    sometimes(0.5, { op: "color_jitter", ...color }),
  ];
}

/**
 * What GloViTa's policies of AID begin and end with.
 * @category Policies
 */
export interface AidSizes {
  /** Height and width that the encoder gets. */
  readonly size: ImageSize;
  /** Height and width of the crop. */
  readonly crop: ImageSize;
  /** Brings images to the size before the crop. */
  readonly first: ImageOperation;
  /** Brings crops to the encoder's size. */
  readonly last: ImageOperation;
}

/**
 * Finds the sizes of a policy of AID: a shorter side of 640 and a crop of 600 pixels, unless the
 * config says otherwise.
 * @param context What the policy gets.
 * @param given Interpolation of the policy's options; `null` for the encoder's.
 * @returns Sizes, first and last step.
 *
 * @example An encoder that says no size
 * ```ts
 * import { aidSizes } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { size, crop } = aidSizes({ preprocessing: { channels: 3 } }, null);
 * assertEquals([size, crop], [[224, 224], [600, 600]]);
 * ```
 *
 * @category Policies
 */
export function aidSizes(context: PolicyContext, given: Interpolation | null): AidSizes {
  const size = squareSize(context.imageSize) ?? context.preprocessing.imageSize ?? [224, 224];
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  const { cropSize: side = 600, resizeSize = 640 } = context;
  return {
    size,
    crop: [side, side],
    first: { op: "resize_shorter", size: resizeSize, interpolation },
    last: { op: "resize", size, interpolation },
  };
}
