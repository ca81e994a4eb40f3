/**
 * Oxford Flowers: flowers of 102 classes.
 * Importing this module adds `flowers102` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `splits.json` and `labels.json` name the images by their paths in `data_root_dir`. Nilsback and
 * Zisserman, "Automated Flower Classification over a Large Number of Classes", 2008.
 *
 * @example All training samples instead of a tenth
 * ```ts
 * import { flowers102 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(flowers102.config, { data_fraction: null });
 * assertEquals([num_classes, data_fraction], [102, null]);
 * ```
 *
 * @category Datasets
 */
export const flowers102: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "flowers102",
  description: "Oxford Flowers, 102 classes",
  num_classes: 102,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(flowers102);
