/**
 * NEU-DET: defects of steel surfaces, six classes.
 * Importing this module adds `neudet` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `splits.json` and `labels.json` name the images by their paths in `data_root_dir`. Song and Yan, "A
 * noise robust method based on completed local binary patterns for hot-rolled steel strip surface
 * defects", 2013.
 *
 * @example Six defects
 * ```ts
 * import { neudet } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(neudet.config, {});
 * assertEquals([num_classes, data_fraction], [6, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const neudet: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "neudet",
  description: "NEU-DET, six defects of steel surfaces",
  num_classes: 6,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(neudet);
