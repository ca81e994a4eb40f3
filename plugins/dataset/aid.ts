/**
 * AID: aerial scenes of 30 classes.
 * Importing this module adds `aid` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `images/` holds the images, which `splits.json` and `labels.json` name with or without their end.
 * Xia et al., "AID: A Benchmark Data Set for Performance Evaluation of Aerial Scene Classification",
 * 2017.
 *
 * @example A tenth of the training samples, unless somebody says otherwise
 * ```ts
 * import { aid } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(aid.config, {});
 * assertEquals([num_classes, data_fraction], [30, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const aid: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "aid",
  description: "AID, 30 classes of aerial scenes",
  num_classes: 30,
  policies: { train_policy: "aid_large_crop", test_policy: "default" },
});

registry.add(aid);
