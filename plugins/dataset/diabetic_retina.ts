/**
 * Diabetic retinopathy: retina images of five grades.
 * Importing this module adds `diabetic_retina` to the `dataset` slot.
 * @module
 */
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { imageLayout, type ImageLayoutConfig } from "./_layout.ts";

export type { ImageLayoutConfig };

/**
 * `train/` holds the images and `trainLabels.csv` their grades, in the columns `image` and `level`, as
 * Kaggle gives them; `splits.json` lists the images without their end. Kaggle's "Diabetic Retinopathy
 * Detection", 2015.
 *
 * @example Five grades
 * ```ts
 * import { diabeticRetina } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const { num_classes, data_fraction } = v.parse(diabeticRetina.config, {});
 * assertEquals([num_classes, data_fraction], [5, 0.1]);
 * ```
 *
 * @category Datasets
 */
export const diabeticRetina: Plugin<"dataset", ImageLayoutConfig> = imageLayout({
  key: "diabetic_retina",
  description: "Diabetic Retinopathy Detection (EyePACS), five grades",
  num_classes: 5,
  places: {
    images_dir: "train",
    label_source: "csv",
    labels_file: "trainLabels.csv",
    path_column: "image",
    label_column: "level",
  },
  policies: { train_policy: "dataset_specific", test_policy: "shared_default_2d" },
});

registry.add(diabeticRetina);
