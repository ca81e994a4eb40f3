/**
 * ZooScanNet: plankton of 20 classes.
 * Importing this module adds `zooscannet` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `images/` holds the images, which `splits.json` and `labels.json` name. Elineau et al., "ZooScanNet:
 * plankton images captured with the ZooScan", 2018.
 *
 * @example Twenty classes
 * ```ts
 * import { zooscannet } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(zooscannet.config, {});
 * assertEquals([num_classes, data_fraction], [20, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const zooscannet: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "zooscannet",
  description: "ZooScanNet, 20 classes of plankton",
  num_classes: 20,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(zooscannet);
