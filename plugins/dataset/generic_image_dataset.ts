/**
 * Image files with splits as folders or in a JSON file, and labels as folders, JSON or CSV.
 * Importing this module adds `generic_image_dataset` to the `dataset` slot.
 * @module
 */
import type { Plugin, TaskInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { config, type GenericImageDatasetConfig, taskInfo } from "./_generic_config.ts";
import { openImages } from "./_open_images.ts";

export type { GenericImageDatasetConfig };

/**
 * Reads images and labels from folders, JSON and CSV files, in the layouts that are common.
 *
 * @example A folder a class
 * ```ts
 * import { genericImageDataset } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const folder = await Deno.makeTempDir();
 * const red = atob("Qk0AAAAAAAAAABoAAAAMAAAAAQABAAEAGAAAAP8A"); // one pixel
 * const image = Uint8Array.from(red, (character) => character.charCodeAt(0));
 * for (const label of ["cat", "dog"]) {
 *   await Deno.mkdir(`${folder}/images/train/${label}`, { recursive: true });
 *   await Deno.writeFile(`${folder}/images/train/${label}/0.bmp`, image);
 * }
 * const given = { num_classes: 2, split_source: "subdirs", label_source: "folder" };
 * const whole = { channels: 3, size: [1, 1], operations: [] } as const;
 * const context = { dataRootDir: folder, images: { train: whole, eval: whole } };
 * const dataset = await genericImageDataset.create(v.parse(genericImageDataset.config, given), context);
 * const split = await dataset.open("train");
 * assertEquals([dataset.classNames, [...split!.labels.values]], [["cat", "dog"], [0, 1]]);
 * ```
 *
 * @category Datasets
 */
export const genericImageDataset: Plugin<"dataset", GenericImageDatasetConfig> = {
  slot: "dataset",
  key: "generic_image_dataset",
  description: "image files, with splits and labels as folders, JSON or CSV",
  config,
  create(options, context) {
    checkOptions(options, taskInfo(options));
    return openImages(options, context);
  },
};

function checkOptions(
  options: GenericImageDatasetConfig,
  { task, numClasses }: TaskInfo,
): void {
  if (task === "Regression") {
    if (numClasses !== 1) {
      throw new RangeError(`regression predicts 1 value, data.num_classes is ${numClasses}`);
    }
    if (options.label_source === "folder") {
      throw new RangeError("label_source folder gives classes; for regression use json or csv");
    }
    return;
  }
  if (options.subtask === "multilabel" && options.label_source === "folder") {
    throw new RangeError("label_source folder gives one class; for multilabel use json or csv");
  }
  const { class_names } = options;
  if (class_names && class_names.length !== numClasses) {
    throw new RangeError(
      `data.class_names are ${class_names.length}, data.num_classes is ${numClasses}`,
    );
  }
}

registry.add(genericImageDataset);
