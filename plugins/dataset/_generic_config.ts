/** Options of the `generic_image_dataset` dataset. */
import * as v from "valibot";
import { isEncoding } from "../../engine/storage/text_file.ts";
import { type AugmentationConfig, augmentationSchema } from "../../registry/config/augmentation.ts";
import type { OptionsSchema, Task, TaskInfo } from "../../registry/plugin.ts";

/** Folder of all images that need not exist. */
export const DEFAULT_IMAGES_DIR = "images";
/** File of labels, unless labels are CSV. */
export const DEFAULT_LABELS_FILE = "labels.json";

/** Config of the `generic_image_dataset` dataset. */
export interface GenericImageDatasetConfig {
  /** Number of classes; 1 for regression. */
  readonly num_classes: number;
  /** What is predicted. @default {"Classification"} */
  readonly task: Task;
  /** How targets are encoded; `Regression` implies `regression`. @default {"multiclass"} */
  readonly subtask: "multiclass" | "regression";
  /**
   * Folder of all images in `data_root_dir`. If there is no folder of the default's name,
   * images are looked for in `data_root_dir` itself. @default {"images"}
   */
  readonly images_dir: string;
  /** Whether splits are in `split_file`, or folders in `images_dir`. @default {"splits_json"} */
  readonly split_source: "splits_json" | "subdirs";
  /** Whether labels are in `labels_file` (JSON or CSV), or folders. @default {"json"} */
  readonly label_source: "json" | "folder" | "csv";
  /** JSON file with lists of images by split. @default {"splits.json"} */
  readonly split_file: string;
  /** File with labels by path. @default {"labels.json", or "labels.csv" for CSV} */
  readonly labels_file: string;
  /**
   * Encoding of `split_file` and `labels_file`; `null` for UTF-8, or UTF-16 with a byte order mark.
   * @default {null}
   */
  readonly encoding: string | null;
  /** Column of the paths. @default {"path"} */
  readonly path_column: string;
  /** Column of the labels. @default {"label"} */
  readonly label_column: string;
  /** Name of the training split. @default {"train"} */
  readonly train_split_name: string;
  /** Name of the validation split. @default {"val"} */
  readonly val_split_name: string;
  /** Name of the test split; without it the validation split serves. @default {"test"} */
  readonly test_split_name: string;
  /** Ends of image files' names. */
  readonly allowed_exts: readonly string[];
  /** Names of the classes by index; `null` for the sorted names that are found. @default {null} */
  readonly class_names: readonly string[] | null;
  /** Whether missing images and labels are errors; else they are left out. @default {true} */
  readonly strict: boolean;
  /** How images are changed before they reach the encoder. */
  readonly augmentation: AugmentationConfig;
}

const text = (otherwise: string, what: string) =>
  v.optional(v.pipe(v.string(), v.nonEmpty(), v.description(what)), otherwise);

const choice = <const T extends readonly string[]>(names: T, otherwise: T[number], what: string) =>
  v.optional(v.pipe(v.picklist(names), v.description(what)), otherwise);

/** Schema of {@linkcode GenericImageDatasetConfig}. */
export const config: OptionsSchema<GenericImageDatasetConfig> = v.strictObject({
  num_classes: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1),
    v.description("number of classes; 1 for regression"),
  ),
  task: choice(["Classification", "Regression"], "Classification", "what is predicted"),
  subtask: choice(
    ["multiclass", "regression"],
    "multiclass",
    "how targets are encoded; Regression implies regression",
  ),
  images_dir: text(DEFAULT_IMAGES_DIR, "folder of all images in data_root_dir"),
  split_source: choice(
    ["splits_json", "subdirs"],
    "splits_json",
    "whether splits are in split_file, or folders in images_dir",
  ),
  label_source: choice(
    ["json", "folder", "csv"],
    "json",
    "whether labels are in labels_file, or folders",
  ),
  split_file: text("splits.json", "JSON file with lists of images by split"),
  labels_file: text(DEFAULT_LABELS_FILE, "file with labels by path; labels.csv for csv"),
  encoding: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.check(isEncoding, "expected an encoding such as gbk, shift_jis or windows-1251"),
        v.description("encoding of split_file and labels_file; UTF-8 where not given"),
      ),
    ),
    null,
  ),
  path_column: text("path", "column of the paths"),
  label_column: text("label", "column of the labels"),
  train_split_name: text("train", "name of the training split"),
  val_split_name: text("val", "name of the validation split"),
  test_split_name: text("test", "name of the test split; without it the validation split serves"),
  allowed_exts: v.optional(
    v.pipe(v.array(v.string()), v.minLength(1), v.description("ends of image files' names")),
    [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"],
  ),
  class_names: v.optional(
    v.nullable(v.pipe(v.array(v.string()), v.description("names of the classes by index"))),
    null,
  ),
  strict: v.optional(
    v.pipe(v.boolean(), v.description("whether missing images and labels are errors")),
    true,
  ),
  augmentation: augmentationSchema({
    train_policy: "default_2d_2",
    test_policy: "shared_default_2d",
  }),
});

/** What is predicted. */
export function taskInfo({ task, subtask, num_classes }: GenericImageDatasetConfig): TaskInfo {
  return task === "Regression" || subtask === "regression"
    ? { task: "Regression", subtask: "regression", numClasses: num_classes }
    : { task, subtask, numClasses: num_classes };
}

/** Names of the splits. */
export function splitNamesOf(options: GenericImageDatasetConfig): readonly string[] {
  return [options.train_split_name, options.val_split_name, options.test_split_name];
}
