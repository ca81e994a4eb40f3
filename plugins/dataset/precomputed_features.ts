/**
 * Features in HDF5 files, one file per split.
 * Importing this module adds `precomputed_features` to the `dataset` slot.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { Split } from "../../engine/data/data.ts";
import { quoted } from "../../engine/storage/table.ts";
import { choice, count, group, options, path, required, text } from "../../registry/options/mod.ts";
import type { Dataset, Plugin, SplitName, Subtask, Task, TaskInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { MAX_CLASSES } from "./_num_classes.ts";

/**
 * Names of the datasets inside the files.
 * @category Datasets
 */
export interface FeatureKeys {
  /** Features. @default {"features"} */
  readonly feature_key: string;
  /** Targets. @default {"labels"} */
  readonly label_key: string;
  /** First row of each bag, and the end. @default {"bag_ptr"} */
  readonly bag_ptr_key: string;
  /** Instances per bag. @default {"bag_lengths"} */
  readonly bag_lengths_key: string;
}

/**
 * Config of the `precomputed_features` dataset.
 * @category Datasets
 */
export interface PrecomputedFeaturesConfig {
  /** Number of classes, or of predicted values. */
  readonly num_classes: number;
  /** What is predicted. @default {"Classification"} */
  readonly task: Task;
  /** How targets are encoded; `Regression` implies `regression`. @default {"multiclass"} */
  readonly subtask: Subtask;
  /** HDF5 file to train on. */
  readonly train_features_file: string;
  /** HDF5 file to validate on. */
  readonly val_features_file: string;
  /** HDF5 file to test the best checkpoint on. @default {null} */
  readonly test_features_file: string | null;
  /** Other names of the datasets inside the files. */
  readonly dataset_kwargs: FeatureKeys;
}

const config = options<PrecomputedFeaturesConfig>({
  num_classes: count(required, "number of classes, or of predicted values", { max: MAX_CLASSES }),
  task: choice("Classification", "what is predicted", ["Classification", "Regression"]),
  subtask: choice(
    "multiclass",
    "how targets are encoded; Regression implies regression",
    ["multiclass", "multilabel", "regression"],
  ),
  train_features_file: path(required, "HDF5 file to train on"),
  val_features_file: path(required, "HDF5 file to validate on"),
  test_features_file: path(null, "HDF5 file to test the best checkpoint on"),
  dataset_kwargs: group({}, "names of the datasets inside the files", {
    feature_key: text("features", "dataset of the features"),
    label_key: text("labels", "dataset of the targets"),
    bag_ptr_key: text("bag_ptr", "dataset of the bags' first rows"),
    bag_lengths_key: text("bag_lengths", "dataset of the bags' lengths"),
  }),
});

/**
 * Reads the three layouts of feature files: instances `(N, D)`, bags of one size `(B, N, D)`, and
 * bags of any size `(M, D)` with `bag_ptr` or `bag_lengths`. `sample_ids` and `patient_ids`, and the
 * attribute `class_names`, are read where they are there.
 *
 * @example A bag of two instances and a bag of one
 * ```ts
 * import { precomputedFeatures } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const file = `${await Deno.makeTempDir()}/bags.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 3 });
 * writer.appendBag(Float32Array.of(1, 2, 3, 4, 5, 6), 0);
 * writer.appendBag(Float32Array.of(7, 8, 9), 1);
 * writer.close();
 *
 * const given = { num_classes: 2, train_features_file: file, val_features_file: file };
 * const options = v.parse(precomputedFeatures.config, given);
 * const dataset = await precomputedFeatures.create(options, { dataRootDir: "." });
 * const split = await dataset.open("train");
 * assertEquals([[...split!.bagLengths!], [...split!.labels.values]], [[2, 1], [0, 1]]);
 * ```
 *
 * @category Datasets
 */
export const precomputedFeatures: Plugin<"dataset", PrecomputedFeaturesConfig> = {
  slot: "dataset",
  key: "precomputed_features",
  description: "features in HDF5 files, one file per split",
  config,
  create(options, { mayLackLabels }): Dataset {
    const info = taskInfo(options);
    const files: Record<SplitName, string | null> = {
      train: options.train_features_file,
      val: options.val_features_file,
      test: options.test_features_file,
    };
    const names = new ClassNames(info);
    return {
      ...info,
      get classNames() {
        return names.names;
      },
      async open(split) {
        const path = files[split];
        if (path === null) return undefined;
        return await openSplit(path, options.dataset_kwargs, { info, names, mayLackLabels });
      },
    };
  },
};

/** Names of the classes as the files have them, which must not contradict each other. */
class ClassNames {
  readonly #info: TaskInfo;
  #first: { readonly file: string; readonly names: readonly string[] } | undefined;

  constructor(info: TaskInfo) {
    this.#info = info;
  }

  /** The names, once a file that has them is open. */
  get names(): readonly string[] | undefined {
    return this.#first?.names;
  }

  /**
   * Takes the names of a file.
   * @returns Lines for the user.
   */
  add(file: string, names: readonly string[] | undefined): readonly string[] {
    const { numClasses, subtask } = this.#info;
    if (names === undefined || subtask === "regression") return [];
    if (names.length !== numClasses) {
      return [
        `"${file}": its ${names.length} class_names are not used, data.num_classes is ${numClasses}`,
      ];
    }
    this.#first ??= { file, names };
    const first = this.#first;
    if (names.every((name, index) => name === first.names[index])) return [];
    throw new DataError(
      `Cannot use "${file}": its classes are ${quoted(names)}, those of "${first.file}" ` +
        quoted(first.names),
      { file },
    );
  }
}

function taskInfo({ task, subtask, num_classes }: PrecomputedFeaturesConfig): TaskInfo {
  if (task === "Regression" || subtask === "regression") {
    return { task: "Regression", subtask: "regression", numClasses: num_classes };
  }
  return { task, subtask, numClasses: num_classes };
}

async function openSplit(
  path: string,
  keys: FeatureKeys,
  { info, names, mayLackLabels }: {
    readonly info: TaskInfo;
    readonly names: ClassNames;
    readonly mayLackLabels?: boolean;
  },
): Promise<Split> {
  const { featureSplit, openFeatureFile } = await import("../../engine/features/feature_file.ts");
  const kind = info.subtask === "multiclass" ? "class" : info.subtask;
  const unlabelledWidth = mayLackLabels ? info.numClasses : undefined;
  const file = await openFeatureFile(path, { ...keys, labels: kind, unlabelledWidth });
  const split = featureSplit(file);
  checkTargets(split, keys.label_key, info);
  const notices = names.add(path, file.classNames);
  return notices.length === 0 ? split : { ...split, notices: [...split.notices ?? [], ...notices] };
}

function checkTargets({ name, labels }: Split, dataset: string, info: TaskInfo): void {
  const { numClasses, subtask } = info;
  const fail = (state: string, index?: number) =>
    new DataError(`Cannot use "${name}": dataset "${dataset}" ${state}`, {
      file: name,
      dataset,
      index,
    });
  if (subtask === "multiclass") {
    const index = labels.values.findIndex((label) => label >= numClasses);
    if (index < 0) return;
    const label = labels.values[index];
    throw fail(`holds class ${label} at ${index}, data.num_classes is ${numClasses}`, index);
  }
  if (labels.width !== numClasses) {
    const found = labels.width === 1 ? "1 target" : `${labels.width} targets`;
    throw fail(`has ${found} per sample, data.num_classes is ${numClasses}`);
  }
}

registry.add(precomputedFeatures);
