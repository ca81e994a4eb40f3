/**
 * The config tree of feature extraction: the parts of a training's tree that say what the encoder
 * and its images are, and how the files are to look.
 * @module
 */
import { AGGREGATION_METHODS, type AggregationMethod } from "../../engine/nn/pooling.ts";
import { DEVICE_CHOICES, type DeviceChoice } from "../../engine/runtime/session_options.ts";
import type { Configured } from "../configure.ts";
import { choice, count, flag, type OptionEntries, path, text, whole } from "../options/mod.ts";
import { SPLIT_NAMES, type SplitName } from "../plugin.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { changedFields } from "./given_fields.ts";
import { checkPathParts } from "./path_parts.ts";
import { getAt, isPlainObject, joinPath, splitPath } from "./objects.ts";
import { type ConfigSources, ignoredFields, type Resolution, resolveTree } from "./resolve.ts";
import { precisionEntries } from "./precision.ts";
import { MAX_WORKERS, type Section, SECTIONS } from "./sections.ts";
import { shardEntries } from "./shards.ts";
import type { ConfigFields, ModelConfig } from "./tree.ts";

/**
 * Fields of extraction outside all sections.
 * @category Configs
 */
export interface ExtractFields {
  /**
   * Checkpoint of a run whose model and data are taken; `null` takes them from the config.
   * @default {null}
   */
  readonly checkpoint_path: string | null;
  /** How tokens become one embedding. @default {"joint"} */
  readonly method: AggregationMethod;
  /** The only split to extract; `null` is all that the dataset has. @default {null} */
  readonly split: SplitName | null;
  /** Whether adapters of the PEFT method become part of the weights first. @default {false} */
  readonly merge_adapters: boolean;
  /** Bits of a stored float. @default {16} */
  readonly precision: 16 | 32;
  /** Bits of the floats that a GPU computes with. @default {32} */
  readonly precision_compute: 16 | 32;
  /** How precise matrix products are where less is faster, as in PyTorch. @default {"highest"} */
  readonly float32_matmul_precision: "highest" | "high" | "medium";
  /** Where the encoder runs; `auto` is a GPU if there is one. @default {"cpu"} */
  readonly device: DeviceChoice;
  /** Which of several devices, for `cuda`. @default {0} */
  readonly device_id: number;
  /**
   * Whether the first batch is computed on the CPU as well, and a device that differs is refused.
   * @default {true}
   */
  readonly device_check: boolean;
  /** gzip level, 0 for none. @default {4} */
  readonly compression: number;
  /** Folder of the files. @default {"./precomputed_features"} */
  readonly output_dir: string;
  /** Template of the files' names; `null` is GloViTa's. @default {null} */
  readonly output_filename: string | null;
  /** Whether training images are prepared as the others are. @default {true} */
  readonly use_eval_transform_for_train: boolean;
  /** Whether work that was interrupted goes on, and finished files are kept. @default {false} */
  readonly resume: boolean;
  /** Whether it goes on although images are not what they were. @default {false} */
  readonly resume_anyway: boolean;
  /** Part `i/n` of every split, counted from 1; `auto` takes it from the cluster. @default {null} */
  readonly shard: string | null;
  /** Number of parts whose files are joined; `auto` finds it. @default {null} */
  readonly merge: number | "auto" | null;
}

/**
 * How images are read and computed with.
 * @category Configs
 */
export interface ExtractLoading {
  /** Images between two records of the progress. @default {32} */
  readonly batch_size: number;
  /** Threads that read and compute; `null` is one per core, as far as memory goes. @default {null} */
  readonly num_workers: number | null;
}

/**
 * A config tree of feature extraction in which every field has its value.
 * @category Configs
 */
export interface ExtractConfig extends ModelConfig, ExtractFields {
  /** How images are read and computed with. */
  readonly dataloading: ExtractLoading;
}

/**
 * The fields of that tree that belong to no plugin, any of them left out.
 * @category Configs
 */
export interface ExtractConfigFields
  extends Partial<ExtractFields>, Pick<ConfigFields, "data" | "model"> {
  /** How images are read and computed with. */
  readonly dataloading?: Partial<ExtractLoading>;
}

/**
 * A part of a config of extraction: a selected plugin, or fields that belong to no plugin.
 * @category Configs
 */
export type ExtractPart = Configured | ExtractConfigFields;

const rootEntries: OptionEntries<ExtractFields> = {
  checkpoint_path: path(null, "Checkpoint of a run whose model and data are taken."),
  method: choice("joint", "How an encoder's tokens become one embedding.", AGGREGATION_METHODS),
  split: choice(
    null,
    "The only split to extract; all that the dataset has where not given.",
    SPLIT_NAMES,
  ),
  merge_adapters: flag(
    false,
    "Whether adapters of the PEFT method become part of the weights first, which is faster.",
  ),
  precision: choice(16, "Bits of a stored float.", [16, 32]),
  ...precisionEntries,
  device: choice("cpu", "Where the encoder runs; auto is a GPU if there is one.", DEVICE_CHOICES),
  device_id: whole(0, "Which of several devices, for cuda.", { max: 255 }),
  device_check: flag(
    true,
    "Whether the first batch is computed on the CPU as well, and a device that differs is refused.",
  ),
  compression: whole(4, "gzip level; 0 is none.", { max: 9 }),
  output_dir: path("./precomputed_features", "Folder of the files."),
  output_filename: text(
    null,
    "Template of the files' names, with {method} {model} {dataset} {split} {imgsize} " +
      "{precision} {checkpoint}.",
    { check: checkPathParts },
  ),
  use_eval_transform_for_train: flag(
    true,
    "Whether training images are prepared as the others are.",
  ),
  resume: flag(false, "Whether interrupted work goes on, and finished files are kept."),
  resume_anyway: flag(
    false,
    "Whether it goes on although sizes or times of the images are not what they were.",
  ),
  ...shardEntries("of every split"),
};

const loadingEntries: OptionEntries<ExtractLoading> = {
  batch_size: count(
    32,
    "Images between two records of the progress; computed in smaller batches.",
  ),
  num_workers: count(
    null,
    "Threads that read and compute; one per core where not given.",
    { max: MAX_WORKERS },
  ),
};

/** Sections that extraction shares with training. */
const SHARED: ReadonlySet<string> = new Set([
  "data",
  "model",
  "model.encoder",
  "model.head",
  "peft",
]);

/** The sections of the tree of extraction, in the order in which it is shown. */
export const EXTRACT_SECTIONS: readonly Section[] = [
  { path: "", description: "What is extracted, and where to", entries: rootEntries },
  ...SECTIONS.filter(({ path }) => SHARED.has(path)),
  {
    path: "dataloading",
    description: "How images are read and computed with",
    entries: loadingEntries,
  },
];

/**
 * Resolves a config of feature extraction. A training's config may serve as the file.
 * @param sources File, parts and flags.
 * @param registry Where plugins are looked up; the application's by default.
 * @returns The resolved tree, and lines for the user.
 * @throws {ConfigError} with everything that is wrong.
 *
 * @example Names of files and bits of their floats
 * ```ts
 * import { flag, resolveExtractConfig } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { config } = resolveExtractConfig({
 *   file: { data: { dataset: "cifar10" } },
 *   flags: [flag("precision", "32")],
 * });
 * assertEquals([config.method, config.precision, config.compression], ["joint", 32, 4]);
 * ```
 *
 * @category Configs
 */
export function resolveExtractConfig(
  sources: ConfigSources<ExtractPart>,
  registry: Registry = defaultRegistry,
): Resolution<ExtractConfig> {
  const { file, ignored } = withoutTraining(sources.file, registry);
  const { tree, notices, given } = resolveTree({ ...sources, file }, {
    registry,
    sections: EXTRACT_SECTIONS,
  });
  const config = tree as unknown as ExtractConfig;
  return { config, notices: [...notices, ...ignoredFields(ignored)], given };
}

/**
 * Takes out of a training's config what extraction has no place for: sections, and fields of those
 * that both have.
 * @returns The rest, and what went of those that somebody set.
 */
function withoutTraining(
  file: unknown,
  registry: Registry,
): { readonly file: unknown; readonly ignored: readonly string[] } {
  if (!isPlainObject(file)) return { file, ignored: [] };
  const kept = structuredClone(file);
  const gone: string[] = [];
  for (const { path, entries } of SECTIONS) {
    const own = EXTRACT_SECTIONS.find((section) => section.path === path);
    const fields = path === "" ? kept : getAt(kept, splitPath(path));
    if (!isPlainObject(fields)) continue;
    const names = own
      ? Object.keys(entries).filter((name) => !Object.hasOwn(own.entries, name))
      : [];
    for (const name of names.filter((name) => Object.hasOwn(fields, name))) {
      delete fields[name];
      gone.push(joinPath(path, name));
    }
    if (own) continue;
    delete kept[path];
    gone.push(path);
  }
  const given = changedFields(file, { registry });
  const ignored = gone.filter((path) => given.some((field) => `${field}.`.startsWith(`${path}.`)));
  return { file: kept, ignored };
}
