/**
 * FGVC-Aircraft: airplanes of 100 variants.
 * Importing this module adds `fgvc_aircraft` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `images/` holds the images, which `splits.json` and `labels.json` name. Maji et al., "Fine-Grained
 * Visual Classification of Aircraft", 2013.
 *
 * @example A hundred variants
 * ```ts
 * import { fgvcAircraft } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(fgvcAircraft.config, {});
 * assertEquals([num_classes, data_fraction], [100, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const fgvcAircraft: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "fgvc_aircraft",
  description: "FGVC-Aircraft, 100 variants of airplanes",
  num_classes: 100,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(fgvcAircraft);
