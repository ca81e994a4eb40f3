/**
 * PatchCamelyon: patches of lymph nodes with and without tumor.
 * Importing this module adds `pcam` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `images/` holds the patches, which `splits.json` and `labels.json` name. Veeling et al., "Rotation
 * Equivariant CNNs for Digital Pathology", 2018.
 *
 * @example Two classes
 * ```ts
 * import { pcam } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(pcam.config, {});
 * assertEquals([num_classes, data_fraction], [2, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const pcam: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "pcam",
  description: "PatchCamelyon, patches of lymph nodes with and without tumor",
  num_classes: 2,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(pcam);
