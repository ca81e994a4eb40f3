/**
 * ImageNet-1k: photographs of 1000 classes.
 * Importing this module adds `imagenet` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `train/` and `val/` hold a folder per class, named by its WordNet id, as torchvision's ImageNet and
 * ImageFolder have them; classes are sorted by these names. The validation images also serve as
 * `test`. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", 2015.
 *
 * @example A hundred of the classes, and all of their training images
 * ```ts
 * import { imagenet } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(imagenet.config, {
 *   num_classes: 100,
 *   data_fraction: null,
 * });
 * assertEquals([num_classes, data_fraction], [100, null]);
 * ```
 *
 * @category Datasets
 */
export const imagenet: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "imagenet",
  description: "ImageNet-1k, 1000 classes, from torchvision's folders",
  num_classes: 1000,
  places: {
    images_dir: ".",
    split_source: "subdirs",
    label_source: "folder",
    test_split_name: "val",
  },
  allClasses: true,
  policies: { train_policy: "randaugment_448", test_policy: "default_448" },
});

registry.add(imagenet);
