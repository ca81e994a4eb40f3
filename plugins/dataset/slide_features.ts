/**
 * One feature file per slide, and tables of labels, patients and splits.
 * Importing this module adds `slide_features` to the `dataset` slot.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import {
  divideSlides,
  namesSlides,
  readSlideData,
  readSlideTable,
  type SlideData,
  type SlideDataOptions,
  slideSplit,
  type SlideSplits,
  type SplitOptions,
  targetEncoding,
  unlabelledSlides,
} from "../../engine/slides/mod.ts";
import { isEncoding } from "../../engine/storage/text_file.ts";
import {
  choice,
  count,
  flag,
  list,
  options,
  path,
  rate,
  text,
  whole,
} from "../../registry/options/mod.ts";
import type {
  Dataset,
  DatasetContext,
  Plugin,
  SplitName,
  TaskInfo,
} from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `slide_features` dataset.
 * @category Datasets
 */
export interface SlideFeaturesConfig {
  /**
   * Table of labels, by slide or by patient: csv, tsv or xlsx; needed to train.
   * @default {null}
   */
  readonly labels_file: string | null;
  /** Table of the slides of each patient, where labels are by patient. @default {null} */
  readonly slides_file: string | null;
  /**
   * Column of the slides; `null` for `slide_id`, `slide`, `image_id` or `filename`.
   * @default {null}
   */
  readonly slide_column: string | null;
  /**
   * Column of the patients; `null` for `case_id`, `patient` or `patient_id`.
   * @default {null}
   */
  readonly patient_column: string | null;
  /**
   * Columns of the labels; several make it multilabel. `null` for `label`, or the only column left.
   * @default {null}
   */
  readonly label_columns: readonly string[] | null;
  /** Names of the classes, in their order; `null` for the sorted labels. @default {null} */
  readonly class_names: readonly string[] | null;
  /** Whether slides with labels other than `class_names` are left out. @default {false} */
  readonly ignore_labels: boolean;
  /** What is predicted: classes, or the numbers in the columns of labels. @default {"Classification"} */
  readonly task: "Classification" | "Regression";
  /** Number of classes, which must agree with the labels; `null` follows them. @default {null} */
  readonly num_classes: number | null;
  /** File of splits, or CLAM's folder of them. @default {null} */
  readonly split_file: string | null;
  /** Column of the splits. @default {null} */
  readonly split_column: string | null;
  /** Share of the patients that validate, where no split says it. @default {0.2} */
  readonly val_fraction: number;
  /** Share of the patients that test, where no split says it. @default {0} */
  readonly test_fraction: number;
  /** Seed of the division of patients. @default {0} */
  readonly split_seed: number;
  /** Whether a bag is a slide, or all slides of a patient. @default {"slide"} */
  readonly bag_level: "slide" | "patient";
  /**
   * Dataset of the features in HDF5 files; `null` for `features`, `feats` or `patch_embeddings`.
   * @default {null}
   */
  readonly feature_key: string | null;
  /** Whether empty slides, and those without file or label, are errors. @default {false} */
  readonly strict: boolean;
  /** Encoding of tables; `null` for UTF-8, or UTF-16 with a byte order mark. @default {null} */
  readonly encoding: string | null;
}

function checkEncoding(label: string): string | undefined {
  if (isEncoding(label)) return undefined;
  return `expected an encoding such as gbk, shift_jis or windows-1251, received "${label}"`;
}

const config = options<SlideFeaturesConfig>({
  labels_file: path(null, "table of labels, by slide or by patient: csv, tsv or xlsx"),
  slides_file: path(null, "table of the slides of each patient, where labels are by patient"),
  slide_column: text(null, "column of the slides; found by its usual names where not given"),
  patient_column: text(null, "column of the patients; found by its usual names where not given"),
  label_columns: list(
    null,
    "columns of the labels, several for multilabel; label or the only column left where not given",
    text,
    { min: 1 },
  ),
  class_names: list(null, "names of the classes, in their order; the sorted labels", text, {
    min: 2,
  }),
  ignore_labels: flag(false, "whether slides with labels other than class_names are left out"),
  task: choice(
    "Classification",
    "what is predicted: classes, or the numbers in the columns of labels",
    ["Classification", "Regression"],
  ),
  num_classes: count(null, "number of classes, which must agree with the labels"),
  split_file: path(null, "file of splits, or CLAM's folder of them"),
  split_column: text(null, "column of the splits"),
  val_fraction: rate(0.2, "share of the patients that validate, where no split says it"),
  test_fraction: rate(0, "share of the patients that test, where no split says it"),
  split_seed: whole(0, "seed of the division of patients"),
  bag_level: choice("slide", "whether a bag is a slide, or all slides of a patient", [
    "slide",
    "patient",
  ]),
  feature_key: text(null, "dataset of the features in HDF5 files; found where not given"),
  strict: flag(false, "whether empty slides, and those without file or label, are errors"),
  encoding: text(null, "encoding of tables; UTF-8 where not given", { check: checkEncoding }),
});

/**
 * Reads slides as CLAM, TRIDENT, STAMP and slideflow write them: `data_root_dir` is searched for
 * `.h5`, `.hdf5`, `.pt` and `.npy` files of the shape `(N, D)` or `(1, N, D)`, a bag each; where all
 * of them have the shape `(D,)`, samples are single vectors. Whole patients are divided, so that none
 * is on two sides. Only the bags of a batch are in memory.
 *
 * @example Two patients with a slide each
 * ```ts
 * import { slideFeatures } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const folder = await Deno.makeTempDir();
 * for (const slide of ["a", "b"]) {
 *   const writer = await FeatureWriter.create(`${folder}/${slide}.h5`, { embedDim: 2 });
 *   writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 *   writer.close();
 * }
 * const labels_file = `${folder}/labels.csv`;
 * const rows = ["case_id,slide_id,label,split", "1,a,normal,train", "2,b,tumor,val"];
 * await Deno.writeTextFile(labels_file, rows.join("\n"));
 *
 * const options = v.parse(slideFeatures.config, { labels_file, split_column: "split" });
 * const dataset = await slideFeatures.create(options, { dataRootDir: folder });
 * const split = await dataset.open("train");
 * assertEquals([dataset.classNames, split?.ids], [["normal", "tumor"], ["a"]]);
 * ```
 *
 * @category Datasets
 */
export const slideFeatures: Plugin<"dataset", SlideFeaturesConfig> = {
  slot: "dataset",
  key: "slide_features",
  description: "one feature file per slide, with tables of labels, patients and splits",
  config,
  async create(config, context): Promise<Dataset> {
    const { folds } = context;
    if (await lacksLabels(config, context)) return unlabelled(config, context);
    const given = withTable(folds === undefined ? config : atFold(config, context));
    const labels = await labelFacts(given);
    const slides = new Slides(given, context);
    return {
      ...labels.info,
      classNames: labels.names,
      folds,
      found: labels.found,
      async open(split) {
        return await slides.open(split);
      },
    };
  },
};

/** Options with a table of labels. */
type LabelledConfig = SlideFeaturesConfig & { readonly labels_file: string };

function withTable(config: SlideFeaturesConfig): LabelledConfig {
  if (config.labels_file !== null) return config as LabelledConfig;
  throw new RangeError("expected data.labels_file, a table of labels");
}

/** Whether a model only predicts slides that no table speaks of. */
async function lacksLabels(
  config: SlideFeaturesConfig,
  { mayLackLabels, dataRootDir }: DatasetContext,
): Promise<boolean> {
  if (!mayLackLabels) return false;
  return config.labels_file === null || !(await namesSlides(dataRootDir, withTable(config)));
}

/** All slides of a folder, to be predicted. */
function unlabelled(config: SlideFeaturesConfig, { dataRootDir }: DatasetContext): Dataset {
  const { task, num_classes, class_names, label_columns, labels_file, feature_key } = config;
  const several = (label_columns?.length ?? 1) > 1;
  const subtask = task === "Regression" ? "regression" : several ? "multilabel" : "multiclass";
  const numClasses = num_classes ?? class_names?.length ?? label_columns?.length ?? 1;
  const told = labels_file === null
    ? []
    : [`"${labels_file}" has no row for "${dataRootDir}": its slides have no labels`];
  return {
    ...{ task, subtask, numClasses, ...(class_names && { classNames: class_names }) },
    async open(name) {
      if (name !== "test") return undefined;
      const targets = subtask === "multiclass" ? 0 : numClasses;
      const split = await unlabelledSlides(dataRootDir, { feature_key, targets });
      return { ...split, notices: [...told, ...split.notices ?? []] };
    },
  };
}

/** A column that ends in the number of a fold stands for those of all folds. */
function atFold(config: SlideFeaturesConfig, { fold = 0 }: DatasetContext): SlideFeaturesConfig {
  const { split_column } = config;
  if (split_column === null) return config;
  if (!/\d$/.test(split_column)) {
    throw new RangeError(
      "expected data.split_column to end in the number of a fold, as fold_0 does, for a " +
        `cross-validation, received "${split_column}"`,
    );
  }
  // The other options stay where their use is noticed.
  return Object.create(config, {
    split_column: { value: split_column.replace(/\d+$/, String(fold)), enumerable: true },
  });
}

interface LabelFacts {
  readonly info: TaskInfo;
  readonly names?: readonly string[];
  readonly found: Readonly<Record<string, unknown>>;
}

/** What is predicted: as the records of a run say it, or as the table does. */
async function labelFacts(config: LabelledConfig): Promise<LabelFacts> {
  const { num_classes, class_names, label_columns, task } = config;
  const regression = task === "Regression";
  if (num_classes !== null && label_columns !== null && (regression || class_names !== null)) {
    const subtask = regression
      ? "regression"
      : label_columns.length > 1
      ? "multilabel"
      : "multiclass";
    const names = regression ? undefined : class_names ?? undefined;
    requireNumber(num_classes, names?.length ?? label_columns.length, config.labels_file);
    return { info: { task, subtask, numClasses: num_classes }, names, found: {} };
  }
  const table = await readSlideTable(config);
  const { subtask, numClasses, names } = targetEncoding(table, config);
  if (num_classes !== null) requireNumber(num_classes, numClasses, config.labels_file);
  const found = { num_classes: numClasses, label_columns: table.labelColumns };
  const info = { task, subtask, numClasses };
  return regression ? { info, found } : { info, names, found: { ...found, class_names: names } };
}

function requireNumber(given: number, found: number, file: string): void {
  if (given === found) return;
  throw new RangeError(
    `expected data.num_classes to be ${found}, as in "${file}", received ${given}`,
  );
}

/** The slides of a folder, which are looked at when the first split is opened. */
class Slides {
  readonly #options: SlideDataOptions & SplitOptions;
  readonly #context: DatasetContext;
  #found: Promise<{ readonly data: SlideData; readonly splits: SlideSplits }> | undefined;

  constructor(options: SlideDataOptions & SplitOptions, context: DatasetContext) {
    this.#options = options;
    this.#context = context;
  }

  async open(name: SplitName): Promise<Split | undefined> {
    this.#found ??= this.#find();
    const { data, splits } = await this.#found;
    const indices = splits.sides[name];
    if (indices === undefined) return undefined;
    const notices = [...data.notices, ...splits.notices];
    return { ...slideSplit(data, indices, name), notices };
  }

  async #find() {
    const context = this.#context;
    const data = await readSlideData(context.dataRootDir, this.#options);
    const { folds, mayLackLabels: predicts } = context;
    const choice = { fold: () => context.fold, folds, predicts };
    return { data, splits: divideSlides(data, this.#options, choice) };
  }
}

registry.add(slideFeatures);
