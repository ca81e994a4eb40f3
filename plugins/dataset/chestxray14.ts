/**
 * ChestX-ray14: X-rays of the chest, any of 14 findings.
 * Importing this module adds `chestxray14` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `images/` holds the images, which `splits.json` and `labels.json` name. The labels of an image are a
 * list of findings, their names with `|` between them, or a 0 or 1 for each of the 14; `No Finding`
 * stands for none. Wang et al., "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks", 2017.
 *
 * @example 14 findings, any number of which an image shows
 * ```ts
 * import { chestxray14 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { subtask, class_names } = v.parse(chestxray14.config, {});
 * assertEquals([subtask, class_names?.length], ["multilabel", 14]);
 * ```
 *
 * @category Datasets
 */
export const chestxray14: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "chestxray14",
  description: "ChestX-ray14, 14 findings on X-rays of the chest, several per image",
  num_classes: 14,
  class_names: [
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
  ],
  subtask: "multilabel",
  noneLabel: "No Finding",
  policies: { train_policy: "default_2d_2", test_policy: "shared_default_2d" },
});

registry.add(chestxray14);
