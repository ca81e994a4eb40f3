/** Options of the `generic_image_dataset` dataset. */
import { MAX_IMAGE_PIXELS } from "../../engine/images/pixel_limits.ts";
import {
  choice,
  count,
  flag,
  list,
  options,
  path,
  required,
  text,
} from "../../registry/options/mod.ts";
import { isEncoding } from "../../engine/storage/text_file.ts";
import { type AugmentationConfig, augmentationSchema } from "../../registry/config/augmentation.ts";
import type { OptionsSchema, Subtask, Task, TaskInfo } from "../../registry/plugin.ts";
import { MAX_CLASSES } from "./_num_classes.ts";

/** Folder of all images that need not exist. */
export const DEFAULT_IMAGES_DIR = "images";
/** File of labels, unless labels are CSV. */
export const DEFAULT_LABELS_FILE = "labels.json";

/** Ends of image files' names. */
export const DEFAULT_EXTENSIONS = [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"];

/**
 * Config of the `generic_image_dataset` dataset.
 * @category Datasets
 */
export interface GenericImageDatasetConfig {
  /** Number of classes; 1 for regression. */
  readonly num_classes: number;
  /** What is predicted. @default {"Classification"} */
  readonly task: Task;
  /**
   * How targets are encoded; `multilabel`: any number of classes per image, as a list of names or
   * of a 0 or 1 for each class. `Regression` implies `regression`. @default {"multiclass"}
   */
  readonly subtask: Subtask;
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
  /** File with labels by path; for CSV, the default is `labels.csv`. @default {"labels.json"} */
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
  /**
   * Ends of image files' names.
   * @default {[".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"]}
   */
  readonly allowed_exts: readonly string[];
  /** Most pixels of an image: what claims to have more is not decoded. @default {89478485} */
  readonly max_image_pixels: number;
  /** Names of the classes by index; `null` for the sorted names that are found. @default {null} */
  readonly class_names: readonly string[] | null;
  /** Whether missing images and labels are errors; else they are left out. @default {true} */
  readonly strict: boolean;
  /** How images are changed before they reach the encoder. */
  readonly augmentation: AugmentationConfig;
}

/**
 * What a layout knows besides the options of `generic_image_dataset`.
 * @category Datasets
 */
export interface LayoutRules {
  /**
   * Path of a listed image below `data_root_dir`, where a list names it in another way; `undefined`
   * for names that are paths.
   */
  readonly pathOf?: (listed: string) => string | undefined;
  /** Label of images that are of none of the classes. */
  readonly noneLabel?: string;
  /** Whether folders of all classes have to be there. @default {false} */
  readonly allClasses?: boolean;
}

function checkEncoding(label: string): string | undefined {
  if (isEncoding(label)) return undefined;
  return `expected an encoding such as gbk, shift_jis or windows-1251, received "${label}"`;
}

/** Schema of {@linkcode GenericImageDatasetConfig}. */
export const config: OptionsSchema<GenericImageDatasetConfig> = options<
  GenericImageDatasetConfig
>({
  num_classes: count(required, "number of classes; 1 for regression", { max: MAX_CLASSES }),
  task: choice("Classification", "what is predicted", ["Classification", "Regression"]),
  subtask: choice(
    "multiclass",
    "how targets are encoded; multilabel: names of any number of classes per image, or a 0 or 1 for " +
      "each; Regression implies regression",
    ["multiclass", "multilabel", "regression"],
  ),
  images_dir: path(DEFAULT_IMAGES_DIR, "folder of all images in data_root_dir"),
  split_source: choice(
    "splits_json",
    "whether splits are in split_file, or folders in images_dir",
    ["splits_json", "subdirs"],
  ),
  label_source: choice(
    "json",
    "whether labels are in labels_file, or folders",
    ["json", "folder", "csv"],
  ),
  split_file: path("splits.json", "JSON file with lists of images by split"),
  labels_file: path(DEFAULT_LABELS_FILE, "file with labels by path; labels.csv for csv"),
  encoding: text(null, "encoding of split_file and labels_file; UTF-8 where not given", {
    check: checkEncoding,
  }),
  path_column: text("path", "column of the paths"),
  label_column: text("label", "column of the labels"),
  train_split_name: text("train", "name of the training split"),
  val_split_name: text("val", "name of the validation split"),
  test_split_name: text("test", "name of the test split; without it the validation split serves"),
  allowed_exts: list(
    DEFAULT_EXTENSIONS,
    "ends of image files' names",
    () => text("", "an ending with its dot; empty for names without one"),
    { min: 1 },
  ),
  max_image_pixels: count(
    MAX_IMAGE_PIXELS,
    "most pixels of an image; what claims to have more is not decoded",
    { max: 2 ** 31 - 1 },
  ),
  class_names: list(null, "names of the classes by index", text),
  strict: flag(true, "whether missing images and labels are errors"),
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
