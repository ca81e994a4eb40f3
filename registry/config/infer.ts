/**
 * The config tree of inference: which trained models, which data, and where predictions go.
 * @module
 */
import { DEVICE_CHOICES, type DeviceChoice } from "../../engine/runtime/session_options.ts";
import {
  choice,
  count,
  flag,
  list,
  type OptionEntries,
  path,
  positive,
  text,
  whole,
} from "../options/mod.ts";
import { SPLIT_NAMES, type SplitName } from "../plugin.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import type { Configured } from "../configure.ts";
import { isPlainObject, pick } from "./objects.ts";
import { type ConfigSources, type Resolution, resolveTree } from "./resolve.ts";
import { precisionEntries } from "./precision.ts";
import { MAX_WORKERS, type Section, SECTIONS } from "./sections.ts";
import { shardEntries } from "./shards.ts";
import type { ConfigFields, ResolvedConfig } from "./tree.ts";

/**
 * Fields of inference outside all sections.
 * @category Configs
 */
export interface InferFields {
  /** Directory of a run, or of a group of folds, which are ensembled. @default {null} */
  readonly exp_dir: string | null;
  /** A checkpoint that takes the place of `exp_dir`. @default {null} */
  readonly checkpoint_path: string | null;
  /** Which checkpoint of each run. @default {"best"} */
  readonly checkpoint: "best" | "last";
  /** The only fold of the group that predicts. @default {null} */
  readonly fold: number | null;
  /** What is predicted; `null` is the test split, or the validation split without one. @default {null} */
  readonly split: SplitName | "all" | null;
  /** What is measured; `null` is what the run has measured. @default {null} */
  readonly metrics: readonly string[] | null;
  /** Where the model runs; `auto` is a GPU if there is one. @default {"cpu"} */
  readonly device: DeviceChoice;
  /** Bits of the floats that a GPU computes with. @default {32} */
  readonly precision_compute: 16 | 32;
  /** How precise matrix products are where less is faster, as in PyTorch. @default {"highest"} */
  readonly float32_matmul_precision: "highest" | "high" | "medium";
  /** Which of several devices, for `cuda`. @default {0} */
  readonly device_id: number;
  /**
   * Whether the first batch is computed on the CPU as well, and a device that differs is refused.
   * @default {true}
   */
  readonly device_check: boolean;
  /** File of the predictions; `null` is `predictions.csv` in the run. @default {null} */
  readonly pred_output: string | null;
  /** Folder of what the model attends to in each slide. @default {null} */
  readonly attention_output: string | null;
  /** Side of a tile in pixels of level 0, for files that do not say it. @default {null} */
  readonly patch_size: number | null;
  /** Micrometres per pixel of level 0, for files that do not say it. @default {null} */
  readonly mpp: number | null;
  /** Folder of thumbnails, `SLIDE.png` or `SLIDE.jpg`, of whole slides. @default {null} */
  readonly thumbnails: string | null;
  /** Tiles of each slide in the table of those that count most. @default {10} */
  readonly top_tiles: number;
  /** Part `i/n` of the samples, counted from 1; `auto` takes it from the cluster. @default {null} */
  readonly shard: string | null;
  /** Number of parts whose files are joined; `auto` finds it. @default {null} */
  readonly merge: number | "auto" | null;
}

/**
 * How samples are read and computed with.
 * @category Configs
 */
export interface InferLoading {
  /** Samples per batch; `null` is that of the run. @default {null} */
  readonly eval_batch_size: number | null;
  /** Threads that read; `null` is that of the run. @default {null} */
  readonly num_workers: number | null;
}

/**
 * A config tree of inference in which every field has its value.
 * @category Configs
 */
export interface InferConfig extends InferFields, Pick<ResolvedConfig, "data"> {
  /** How samples are read and computed with. */
  readonly dataloading: InferLoading;
}

/**
 * The fields of that tree that belong to no plugin, any of them left out.
 * @category Configs
 */
export interface InferConfigFields extends Partial<InferFields>, Pick<ConfigFields, "data"> {
  /** How samples are read and computed with. */
  readonly dataloading?: Partial<InferLoading>;
}

/**
 * A part of a config of inference: a selected dataset, or fields that belong to no plugin.
 * @category Configs
 */
export type InferPart = Configured | InferConfigFields;

const rootEntries: OptionEntries<InferFields> = {
  exp_dir: path(null, "Directory of a run, or of a group of folds, which are ensembled."),
  checkpoint_path: path(null, "A checkpoint that takes the place of exp_dir."),
  checkpoint: choice("best", "Which checkpoint of each run.", ["best", "last"]),
  fold: whole(null, "The only fold of the group that predicts."),
  split: choice(null, "What is predicted; test where not given, or val without a test split.", [
    ...SPLIT_NAMES,
    "all",
  ]),
  metrics: list(null, "What is measured; what the run has measured where not given.", text),
  ...precisionEntries,
  device: choice("cpu", "Where the model runs; auto is a GPU if there is one.", DEVICE_CHOICES),
  device_id: whole(0, "Which of several devices, for cuda.", { max: 255 }),
  device_check: flag(
    true,
    "Whether the first batch is computed on the CPU as well, and a device that differs is refused.",
  ),
  pred_output: path(
    null,
    "File of the predictions: .csv, .json, .h5 or .pt; predictions.csv in the run where " +
      "not given.",
  ),
  attention_output: path(
    null,
    "Folder of what the model attends to in each slide: GeoJSON for QuPath, CSV, HDF5, PNG.",
  ),
  patch_size: positive(null, "Side of a tile in pixels of level 0, for files that do not say it."),
  mpp: positive(null, "Micrometres per pixel of level 0, for files that do not say it."),
  thumbnails: path(null, "Folder of thumbnails of whole slides, SLIDE.png or SLIDE.jpg."),
  top_tiles: count(10, "Tiles of each slide in top_tiles.csv, those with the most attention."),
  ...shardEntries("of the samples"),
};

const loadingEntries: OptionEntries<InferLoading> = {
  eval_batch_size: count(null, "Samples per batch; that of the run where not given."),
  num_workers: whole(null, "Threads that read; that of the run where not given.", {
    max: MAX_WORKERS,
  }),
};

/** The sections of the tree of inference, in the order in which it is shown. */
export const INFER_SECTIONS: readonly Section[] = [
  { path: "", description: "Which models, and where predictions go", entries: rootEntries },
  ...SECTIONS.filter(({ path }) => path === "data"),
  {
    path: "dataloading",
    description: "How samples are read and computed with",
    entries: loadingEntries,
  },
];

/**
 * Resolves a config of inference. A training's config may serve as the file: its data is taken.
 * @param sources File, parts and flags.
 * @param registry Where plugins are looked up; the application's by default.
 * @returns The resolved tree, and lines for the user.
 * @throws {ConfigError} with everything that is wrong.
 *
 * @example The last checkpoint of a run on another file
 * ```ts
 * import { flag, resolveInferConfig } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const { config } = resolveInferConfig({
 *   file: { exp_dir: "run/0", data: { dataset: "precomputed_features", num_classes: 2, ...files } },
 *   flags: [flag("checkpoint", "last"), flag("data.test_features_file", "new.h5")],
 * });
 * assertEquals([config.checkpoint, config.split, config.pred_output], ["last", null, null]);
 * ```
 *
 * @category Configs
 */
export function resolveInferConfig(
  sources: ConfigSources<InferPart>,
  registry: Registry = defaultRegistry,
): Resolution<InferConfig> {
  const names = [...Object.keys(rootEntries), "data"];
  const file = isPlainObject(sources.file) ? pick(sources.file, names) : sources.file;
  const { tree, notices, given } = resolveTree({ ...sources, file }, {
    registry,
    sections: INFER_SECTIONS,
  });
  return { config: tree as unknown as InferConfig, notices, given };
}
