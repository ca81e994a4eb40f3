/**
 * NWPU-RESISC45: remote sensing scenes of 45 classes.
 * Importing this module adds `resisc45` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `splits.json` and `labels.json` name the images by their paths in `data_root_dir`. Cheng et al.,
 * "Remote Sensing Image Scene Classification: Benchmark and State of the Art", 2017.
 *
 * @example 45 scenes
 * ```ts
 * import { resisc45 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(resisc45.config, {});
 * assertEquals([num_classes, data_fraction], [45, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const resisc45: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "resisc45",
  description: "NWPU-RESISC45, 45 classes of remote sensing scenes",
  num_classes: 45,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(resisc45);
