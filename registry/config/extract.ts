/**
 * The config tree of feature extraction: the parts of a training's tree that say what the encoder
 * and its images are, and how the files are to look.
 * @module
 */
import * as v from "valibot";
import type { Configured } from "../configure.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { changedFields } from "./given_fields.ts";
import { getAt, isPlainObject, joinPath, splitPath } from "./objects.ts";
import { type ConfigSources, ignoredFields, type Resolution, resolveTree } from "./resolve.ts";
import type { EntriesOf } from "./schema.ts";
import { type Section, SECTIONS } from "./sections.ts";
import type { ConfigFields, ModelConfig } from "./tree.ts";

/** Fields of extraction outside all sections. */
export interface ExtractFields {
  /** Checkpoint of a run whose model and data are taken; `null` takes them from the config. */
  readonly checkpoint_path: string | null;
  /** How tokens become one embedding. */
  readonly method: "cls_token" | "avg" | "sum" | "mean_all" | "joint";
  /** The only split to extract; `null` is all that the dataset has. */
  readonly split: "train" | "val" | "test" | null;
  /** Bits of a stored float. */
  readonly precision: 16 | 32;
  /** How precise matrix products are where less is faster, as in PyTorch. */
  readonly float32_matmul_precision: "highest" | "high";
  /** gzip level, 0 for none. */
  readonly compression: number;
  /** Folder of the files. */
  readonly output_dir: string;
  /** Template of the files' names; `null` is GloViTa's. */
  readonly output_filename: string | null;
  /** Whether training images are prepared as the others are. */
  readonly use_eval_transform_for_train: boolean;
  /** Whether work that was interrupted goes on, and finished files are kept. */
  readonly resume: boolean;
  /** Part `i/n` of every split, counted from 1; `null` is all of it. */
  readonly shard: string | null;
  /** Number of shards whose files are to be joined; `null` extracts. */
  readonly merge: number | null;
}

/** How images are read and computed with. */
export interface ExtractLoading {
  /** Images between two records of the progress. */
  readonly batch_size: number;
  /** Threads that read and compute; `null` is one a core, as far as memory goes. */
  readonly num_workers: number | null;
}

/** A config tree of feature extraction in which every field has its value. */
export interface ExtractConfig extends ModelConfig, ExtractFields {
  /** How images are read and computed with. */
  readonly dataloading: ExtractLoading;
}

/** The fields of that tree that belong to no plugin, any of them left out. */
export interface ExtractConfigFields
  extends Partial<ExtractFields>, Pick<ConfigFields, "data" | "model"> {
  /** How images are read and computed with. */
  readonly dataloading?: Partial<ExtractLoading>;
}

/** A part of a config of extraction: a chosen plugin, or fields that belong to no plugin. */
export type ExtractPart = Configured | ExtractConfigFields;

const SHARD = /^[1-9]\d*\/[1-9]\d*$/;

const text = v.pipe(v.string(), v.nonEmpty());

function field<T>(schema: v.GenericSchema<unknown, T>, description: string) {
  return v.pipe(schema, v.description(description));
}

function orNull<T>(schema: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T | null> {
  return v.optional(v.nullable(schema), null);
}

const rootEntries: EntriesOf<ExtractFields> = {
  checkpoint_path: field(orNull(text), "Checkpoint of a run whose model and data are taken."),
  method: field(
    v.optional(v.picklist(["cls_token", "avg", "sum", "mean_all", "joint"]), "joint"),
    "How an encoder's tokens become one embedding.",
  ),
  split: field(
    orNull(v.picklist(["train", "val", "test"])),
    "The only split to extract; all that the dataset has where not given.",
  ),
  precision: field(v.optional(v.picklist([16, 32]), 16), "Bits of a stored float."),
  float32_matmul_precision: field(
    v.optional(v.picklist(["highest", "high"]), "highest"),
    "Matrix products: float32, or sums of 8-bit products (errors of about 1e-4 a layer) where " +
      "the processor multiplies those much faster.",
  ),
  compression: field(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9)), 4),
    "gzip level; 0 is none.",
  ),
  output_dir: field(v.optional(text, "./precomputed_features"), "Folder of the files."),
  output_filename: field(
    orNull(text),
    "Template of the files' names, with {method} {model} {dataset} {split} {imgsize} " +
      "{precision} {checkpoint}.",
  ),
  use_eval_transform_for_train: field(
    v.optional(v.boolean(), true),
    "Whether training images are prepared as the others are.",
  ),
  resume: field(
    v.optional(v.boolean(), false),
    "Whether interrupted work goes on, and finished files are kept.",
  ),
  shard: field(
    orNull(v.pipe(v.string(), v.regex(SHARD, "expected i/n, such as 1/4"))),
    "Part i/n of every split, counted from 1, for a file of its own.",
  ),
  merge: field(
    orNull(v.pipe(v.number(), v.integer(), v.minValue(1))),
    "Number of shards whose files are joined, instead of extracting.",
  ),
};

const loadingEntries: EntriesOf<ExtractLoading> = {
  batch_size: field(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 32),
    "Images between two records of the progress; computed in smaller batches.",
  ),
  num_workers: field(
    orNull(v.pipe(v.number(), v.integer(), v.minValue(1))),
    "Threads that read and compute; one a core where not given.",
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
 * import "../../plugins/mod.ts";
 * import { flag } from "./flag.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { config } = resolveExtractConfig({
 *   file: { data: { dataset: "cifar10" } },
 *   flags: [flag("precision", "32")],
 * });
 * assertEquals([config.method, config.precision, config.compression], ["joint", 32, 4]);
 * ```
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
