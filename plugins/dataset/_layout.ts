/**
 * Datasets that are only a layout: where images, splits and labels lie, and the usual options. What
 * they share is the reader of `generic_image_dataset`.
 * @module
 */
import * as v from "valibot";
import { type AugmentationConfig, augmentationSchema } from "../../registry/config/augmentation.ts";
import { choice, count, flag, group, option, options } from "../../registry/options/mod.ts";
import type { Dataset, DatasetContext, OptionsSchema, Plugin } from "../../registry/plugin.ts";
import {
  config as genericConfig,
  type GenericImageDatasetConfig,
  type LayoutRules,
} from "./_generic_config.ts";
import { MAX_CLASSES } from "./_num_classes.ts";
import { openImages } from "./_open_images.ts";

export type { LayoutRules };

/**
 * Options of datasets that are only a layout.
 * @category Datasets
 */
export interface ImageLayoutConfig {
  /** Number of classes. */
  readonly num_classes: number;
  /** What is predicted. @default {"Classification"} */
  readonly task: "Classification";
  /**
   * How targets are encoded; `multilabel`: any number of classes per image, as a list of names or
   * of a 0 or 1 for each class.
   */
  readonly subtask: "multiclass" | "multilabel";
  /** Fraction of the training samples to keep; `null` keeps all. @default {0.1} */
  readonly data_fraction: number | null;
  /** Names of the classes by index; `null` for the sorted names that are found. */
  readonly class_names: readonly string[] | null;
  /** How images are changed before they reach the encoder. */
  readonly augmentation: AugmentationConfig;
  /** What rarely matters. */
  readonly dataset_kwargs: {
    /** Whether missing images and labels are errors; else they are left out. @default {true} */
    readonly strict: boolean;
  };
}

/**
 * Where a dataset's images are and what they show.
 * @category Datasets
 */
export interface ImageLayout extends LayoutRules {
  /** Key of the dataset. */
  readonly key: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** Number of classes, unless the config says another. */
  readonly num_classes: number;
  /** Names of the classes by index, where they are not those that are found. */
  readonly class_names?: readonly string[];
  /** How targets are encoded. @default {"multiclass"} */
  readonly subtask?: "multiclass" | "multilabel";
  /** Names of the policies where the config does not say. */
  readonly policies: { readonly train_policy: string; readonly test_policy: string };
  /**
   * Where images, splits and labels are, where it is not `images/`, `splits.json` and `labels.json`
   * of `data_root_dir`.
   */
  readonly places?: Partial<GenericImageDatasetConfig>;
}

/**
 * Makes the plugin of a dataset that is only a layout. Whoever has it in `splits.json` and
 * `labels.json` needs no more than `generic_image_dataset`; this is for names that many use.
 * @param layout Where its images are, and what they show.
 * @returns The plugin, which the caller adds to a registry.
 *
 * @example Leaves of five trees, with labels in a table
 * ```ts
 * import { imageLayout } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const leaves = imageLayout({
 *   key: "leaves",
 *   description: "leaves of five trees",
 *   num_classes: 5,
 *   policies: { train_policy: "default_2d_2", test_policy: "shared_default_2d" },
 *   places: { label_source: "csv", labels_file: "trees.csv" },
 * });
 * const { num_classes, data_fraction } = v.parse(leaves.config, {});
 * assertEquals([num_classes, data_fraction], [5, 0.1]);
 * ```
 *
 * @category Datasets
 */
export function imageLayout(layout: ImageLayout): Plugin<"dataset", ImageLayoutConfig> {
  return {
    slot: "dataset",
    key: layout.key,
    description: layout.description,
    config: layoutSchema(layout),
    create: (config, context) => openLayout(layout, config, context),
  };
}

function layoutSchema(layout: ImageLayout): OptionsSchema<ImageLayoutConfig> {
  const { num_classes, class_names = null, subtask = "multiclass", policies } = layout;
  const fraction = v.nullable(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)));
  return options<ImageLayoutConfig>({
    num_classes: count(num_classes, "number of classes", { max: MAX_CLASSES }),
    task: choice("Classification", "what is predicted", ["Classification"]),
    subtask: choice(
      subtask,
      "how targets are encoded; multilabel: names of any number of classes per image, or a 0 or 1 " +
        "for each",
      ["multiclass", "multilabel"],
    ),
    data_fraction: option(
      0.1,
      "fraction of the training samples to keep; none keeps all",
      fraction,
    ),
    class_names: option<readonly string[] | null, readonly string[] | null>(
      class_names,
      "names of the classes by index; the sorted names that are found where not given",
      v.nullable(v.array(v.string())),
    ),
    augmentation: augmentationSchema(policies),
    dataset_kwargs: group({}, "what rarely matters", {
      strict: flag(true, "whether missing images and labels are errors"),
    }),
  });
}

function openLayout(
  { places, pathOf, noneLabel, allClasses }: ImageLayout,
  { num_classes, task, subtask, class_names, dataset_kwargs: { strict } }: ImageLayoutConfig,
  context: DatasetContext,
): Dataset {
  if (class_names && class_names.length !== num_classes) {
    throw new RangeError(
      `data.class_names are ${class_names.length}, data.num_classes is ${num_classes}`,
    );
  }
  const given = { num_classes, task, subtask, class_names, strict };
  const generic = v.parse(genericConfig, { ...places, ...given });
  return openImages(generic, context, { pathOf, noneLabel, allClasses });
}
