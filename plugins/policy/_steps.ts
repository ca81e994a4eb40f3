/**
 * Steps that more than one policy takes.
 * @module
 */
import type { DrawnRange, PixelOperation } from "../../engine/images/pixel_operation.ts";
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import type { ImageOperation, ImageSize } from "../../engine/images/transform.ts";
import type { PolicyContext } from "../../registry/plugin.ts";
import { type ChannelStatistics, IMAGENET_STATISTICS, squareSize } from "./_evaluation.ts";
import { flip, sometimes } from "./_training.ts";

const CIFAR: ChannelStatistics = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.2010],
};

/** Mean and standard deviation that GloViTa's policies of a dataset have where an encoder says none. */
export function statistics({ dataset }: PolicyContext): ChannelStatistics {
  return dataset === "cifar10" || dataset === "cifar100" ? CIFAR : IMAGENET_STATISTICS;
}

/** A random part of an image. */
interface Part {
  /** Height and width where nobody says any. */
  readonly side: number;
  /** Range of its share of the area. @default torchvision's */
  readonly area?: DrawnRange;
  /** Range of width by height. @default torchvision's */
  readonly ratio?: DrawnRange;
}

/** The encoder's size, and the step that makes a random part of an image as large. */
export function resizedCrop(
  context: PolicyContext,
  given: Interpolation | null,
  { side, area = [0.08, 1], ratio = [3 / 4, 4 / 3] }: Part,
): { readonly size: ImageSize; readonly first: ImageOperation } {
  const size = squareSize(context.imageSize) ?? context.preprocessing.imageSize ?? [side, side];
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  return { size, first: { op: "random_resized_crop", size, area, ratio, interpolation } };
}

/** What `default_2d_2` does to its crop. */
export const changesOf2d2: readonly PixelOperation[] = [
  flip("horizontal", 0.5),
  flip("vertical", 0.2),
  sometimes(0.3, { op: "rotate", degrees: [-20, 20] }),
];

/** What `default_2d_3` does to its crop. */
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

/** Flips, rotations by any angle, and changes of color, each for half of the images. */
export function changesOfAnyAngle(strength: number): readonly PixelOperation[] {
  const color = { brightness: strength, contrast: strength, saturation: strength, hue: 0 };
  return [
    flip("horizontal", 0.5),
    flip("vertical", 0.5),
    sometimes(0.5, { op: "rotate", degrees: [-180, 180] }),
    sometimes(0.5, { op: "color_jitter", ...color }),
  ];
}

/** What GloViTa's policies of AID begin and end with. */
interface AidSizes {
  /** Height and width that the encoder gets. */
  readonly size: ImageSize;
  /** Height and width of the crop. */
  readonly crop: ImageSize;
  /** Brings images to the size before the crop. */
  readonly first: ImageOperation;
  /** Brings crops to the encoder's size. */
  readonly last: ImageOperation;
}

/** A shorter side of 640 and a crop of 600 pixels, unless the config says otherwise. */
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
