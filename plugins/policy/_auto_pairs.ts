/**
 * The pairs of operations that AutoAugment found.
 * @module
 */
import type { AutoOperationName, PixelOperation } from "../../engine/images/pixel_operation.ts";
import { sometimes } from "./_training.ts";

/** Share of the images, an operation and its magnitude. */
type Part = readonly [probability: number, name: AutoOperationName, index?: number];

type Pairs = readonly (readonly [Part, Part])[];

/** AutoAugment's pairs of operations for CIFAR-10. */
const CIFAR: Pairs = [
  [[0.1, "invert", 7], [0.2, "contrast", 6]],
  [[0.7, "rotate", 2], [0.3, "translate_x", 9]],
  [[0.8, "sharpness", 1], [0.9, "sharpness", 3]],
  [[0.5, "shear_y", 8], [0.7, "translate_y", 9]],
  [[0.5, "autocontrast"], [0.9, "equalize"]],
  [[0.2, "shear_y", 7], [0.3, "posterize", 7]],
  [[0.4, "color", 3], [0.6, "brightness", 7]],
  [[0.3, "sharpness", 9], [0.7, "brightness", 9]],
  [[0.6, "equalize"], [0.5, "equalize"]],
  [[0.6, "contrast", 7], [0.6, "sharpness", 5]],
  [[0.7, "color", 7], [0.5, "translate_x", 8]],
  [[0.3, "equalize"], [0.4, "autocontrast"]],
  [[0.4, "translate_y", 3], [0.2, "sharpness", 6]],
  [[0.9, "brightness", 6], [0.2, "color", 8]],
  [[0.5, "solarize", 2], [0, "invert"]],
  [[0.2, "equalize"], [0.6, "autocontrast"]],
  [[0.2, "equalize"], [0.8, "equalize"]],
  [[0.9, "color", 9], [0.6, "equalize"]],
  [[0.8, "autocontrast"], [0.2, "solarize", 8]],
  [[0.1, "brightness", 3], [0.7, "color", 0]],
  [[0.4, "solarize", 5], [0.9, "autocontrast"]],
  [[0.9, "translate_y", 9], [0.7, "translate_y", 9]],
  [[0.9, "autocontrast"], [0.8, "solarize", 3]],
  [[0.8, "equalize"], [0.1, "invert"]],
  [[0.7, "translate_y", 9], [0.9, "autocontrast"]],
];

/** AutoAugment's pairs of operations for ImageNet. */
const IMAGENET: Pairs = [
  [[0.4, "posterize", 8], [0.6, "rotate", 9]],
  [[0.6, "solarize", 5], [0.6, "autocontrast"]],
  [[0.8, "equalize"], [0.6, "equalize"]],
  [[0.6, "posterize", 7], [0.6, "posterize", 6]],
  [[0.4, "equalize"], [0.2, "solarize", 4]],
  [[0.4, "equalize"], [0.8, "rotate", 8]],
  [[0.6, "solarize", 3], [0.6, "equalize"]],
  [[0.8, "posterize", 5], [1, "equalize"]],
  [[0.2, "rotate", 3], [0.6, "solarize", 8]],
  [[0.6, "equalize"], [0.4, "posterize", 6]],
  [[0.8, "rotate", 8], [0.4, "color", 0]],
  [[0.4, "rotate", 9], [0.6, "equalize"]],
  [[0, "equalize"], [0.8, "equalize"]],
  [[0.6, "invert"], [1, "equalize"]],
  [[0.6, "color", 4], [1, "contrast", 8]],
  [[0.8, "rotate", 8], [1, "color", 2]],
  [[0.8, "color", 8], [0.8, "solarize", 7]],
  [[0.4, "sharpness", 7], [0.6, "invert"]],
  [[0.6, "shear_x", 5], [1, "equalize"]],
  [[0.4, "color", 0], [0.6, "equalize"]],
  [[0.4, "equalize"], [0.2, "solarize", 4]],
  [[0.6, "solarize", 5], [0.6, "autocontrast"]],
  [[0.6, "invert"], [1, "equalize"]],
  [[0.6, "color", 4], [1, "contrast", 8]],
  [[0.8, "equalize"], [0.6, "equalize"]],
];

/** One of 25 pairs, all equally likely. */
function oneOf(pairs: Pairs): PixelOperation {
  const choices = pairs.map((pair) =>
    pair.map(([probability, name, index = 0]) =>
      sometimes(probability, { op: "auto_operation", name, index })
    )
  );
  return { op: "one_of", choices };
}

/** One of the pairs for CIFAR-10. */
export const CIFAR_PAIR: PixelOperation = oneOf(CIFAR);

/** One of the pairs for ImageNet. */
export const IMAGENET_PAIR: PixelOperation = oneOf(IMAGENET);
