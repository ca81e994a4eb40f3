/**
 * RxRx1: fluorescent cells under 1139 treatments.
 * Importing this module adds `rxrx1` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `splits.json` and `labels.json` name a site by `experiment_plate_well_site`, which is the image
 * `images/<experiment>/Plate<plate>/<well>_s<site>.png`. Sypetkowski et al., "RxRx1: A Dataset for
 * Evaluating Experimental Batch Correction Methods", 2023.
 *
 * @example 1139 treatments
 * ```ts
 * import { rxrx1 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(rxrx1.config, {});
 * assertEquals([num_classes, data_fraction], [1139, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const rxrx1: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "rxrx1",
  description: "RxRx1, cells under 1139 treatments",
  num_classes: 1139,
  pathOf: pathOfSite,
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(rxrx1);

/** Path of the image of a site; `undefined` for names that are none of a site. */
function pathOfSite(listed: string): string | undefined {
  const [, experiment, plate, well, site] = /^([^_/]+)_(\d+)_([^_/]+)_(\d+)$/.exec(listed) ?? [];
  return site === undefined ? undefined : `images/${experiment}/Plate${plate}/${well}_s${site}.png`;
}
