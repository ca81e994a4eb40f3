/**
 * Packing slides: from one feature file per slide to one file of bags per split, which trains faster
 * and travels as one.
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import { slidesOf, type SlideSourceOptions } from "../../engine/slides/slide_source.ts";
import { writeError } from "../../engine/storage/atomic.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import { FileLock } from "../../engine/storage/lock.ts";
import { VERSION } from "../../engine/version.ts";
import { isParts } from "../../registry/builder/config_input.ts";
import { createFrom } from "../../registry/builder/create.ts";
import { FieldUse } from "../../registry/config/field_use.ts";
import { changedFields } from "../../registry/config/given_fields.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import {
  PACK_SECTIONS,
  type PackConfig,
  type PackPart,
  resolvePackConfig,
} from "../../registry/config/pack.ts";
import { type Shard, shardOf } from "../../registry/config/shards.ts";
import { selectedPlugin } from "../../registry/config/selected.ts";
import { ConfigError } from "../../registry/errors.ts";
import { type Dataset, SPLIT_NAMES, type SplitName } from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { partNotices, partPath } from "../shards/parts.ts";
import type { PackedFile, PackEvent } from "./events.ts";
import { mergePacked } from "./_merge_packed.ts";
import { type PackHooks, packSplit } from "./_pack_split.ts";
import type { PackWork } from "./_pack_work.ts";
import { type Survey, surveySlides } from "./_survey.ts";

/**
 * What packing needs besides its config.
 * @category Packing
 */
export interface PackOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Dotted paths of the fields that somebody set, which are told if nothing uses them. */
  readonly given?: readonly string[];
  /** Stops the work when it aborts; finished files stay, and `resume` keeps them. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: PackEvent) => void;
}

/** A split and what its slides say. */
interface Surveyed {
  readonly name: SplitName;
  readonly split: Split;
  readonly slides: SlideSourceOptions;
  readonly survey: Survey;
}

/**
 * Packs a dataset of one feature file per slide: each split becomes one file `bags_{split}.h5` that
 * the dataset `precomputed_features` reads. Samples keep their order, so training on the files is
 * training on the slides. Prints nothing.
 * @param given A resolved config, or parts of one.
 * @param options Registry, events and the signal that stops the work.
 * @returns The files, one for each split.
 * @throws {ConfigError} if the config is wrong, or the dataset is not one of slides.
 * @throws {DataError} if slides cannot be read or stored, files exist, or cannot be written.
 *
 * @example Two slides become two files
 * ```ts
 * import { configure, pack, slideFeatures } from "@glovita/glovita";
 * import { FeatureWriter, openFeatureFile } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/slides`);
 * for (const slide of ["a", "b"]) {
 *   const writer = await FeatureWriter.create(`${folder}/slides/${slide}.h5`, { embedDim: 2 });
 *   writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 *   writer.close();
 * }
 * const labels_file = `${folder}/labels.csv`;
 * const rows = ["case_id,slide_id,label,split", "1,a,normal,train", "2,b,tumor,val"];
 * await Deno.writeTextFile(labels_file, rows.join("\n"));
 *
 * const files = await pack([
 *   configure(slideFeatures, { labels_file, split_column: "split" }),
 *   { data: { data_root_dir: `${folder}/slides` }, output_dir: `${folder}/packed` },
 * ]);
 * const { ids, patients, classNames, dtype } = await openFeatureFile(files[0].file);
 * assertEquals([ids, patients, classNames], [["a"], ["1"], ["normal", "tumor"]]);
 * assertEquals(dtype, "float16"); // as the slides have it
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Packing
 */
export async function pack(
  given: PackConfig | readonly PackPart[],
  options: PackOptions = {},
): Promise<PackedFile[]> {
  const { registry = defaultRegistry, signal, onEvent = () => {} } = options;
  const resolution = isParts(given) ? resolvePackConfig({ parts: given }, registry) : {
    config: given,
    notices: [],
    given: changedFields(given, { registry, sections: PACK_SECTIONS }),
  };
  const notify = (lines: Iterable<string>) => {
    for (const message of lines) onEvent({ type: "notice", message });
  };
  notify(resolution.notices);
  const fields = options.given ?? resolution.given;
  const use = new FieldUse(resolution.config, fields);
  const { output_dir, precision, compression, overwrite, merge } = use.config;
  const shard = shardOf(use.config);
  if (shard !== undefined) notify(partNotices(shard));
  // A part that a cluster starts again keeps what is finished.
  const started = use.config.shard === "auto" && !overwrite && !fields.includes("resume");
  const resume = use.config.resume || started;
  if (resume && overwrite) {
    throw new ConfigError([{
      path: "overwrite",
      message: "expected resume or overwrite, not both",
    }]);
  }
  const fileOf = (name: SplitName) => {
    const whole = join(output_dir, `bags_${name}.h5`);
    return shard === undefined ? whole : partPath(whole, shard);
  };
  const dataset = await datasetOf(use.config, registry);
  const splits = await openSplits(dataset, use.config);
  notify(use.notices());
  notify(new Set(splits.flatMap(({ split: { notices = [] } }) => notices)));
  using _lock = lockFolder(output_dir, shard);
  const existing = splits.map(({ name }) => exists(fileOf(name), { resume, overwrite }));
  notify(leftovers(fileOf, splits));
  const hooks: PackHooks = { signal, onEvent };
  if (merge !== null) {
    return await mergeAll(splits.map(({ name }) => name), { fileOf, merge, hooks });
  }
  const ranges = splits.map(({ split }) => rangeOf(split, shard));
  const surveyed = await surveyAll(splits, hooks);
  const bits = bitsOf(surveyed, precision, notify);
  const files: PackedFile[] = [];
  for (const [at, each] of surveyed.entries()) {
    if (resume && !existing[at]) notify([`${each.name}: no finished file is there, packed anew`]);
    const facts = { dataset, key: use.config.data.dataset, precision: bits, compression };
    const file = { file: fileOf(each.name), range: ranges[at], shard };
    const work = workOf(each, { ...facts, ...file, keep: resume && existing[at] });
    const done = await packSplit(work, hooks);
    onEvent(done);
    files.push(done);
  }
  return files;
}

function datasetOf(config: PackConfig, registry: Registry): Dataset | Promise<Dataset> {
  const { data } = config;
  const { plugin, options } = selectedPlugin(config, "dataset", registry);
  return createFrom(plugin, options, {
    get dataRootDir() {
      return data.data_root_dir ?? ".";
    },
    get fold() {
      return data.fold ?? undefined;
    },
  });
}

/** Opens all splits that the dataset has. */
async function openSplits(
  dataset: Dataset,
  { data }: PackConfig,
): Promise<Omit<Surveyed, "survey">[]> {
  const splits: Omit<Surveyed, "survey">[] = [];
  for (const name of SPLIT_NAMES) {
    const split = await dataset.open(name);
    if (split === undefined) continue;
    const slides = slidesOf(split.source);
    if (slides === undefined) {
      const expected = "a dataset of one feature file per slide, such as slide_features";
      throw new ConfigError([expectedIssue("data.dataset", expected, data.dataset)]);
    }
    splits.push({ name, split, slides });
  }
  return splits;
}

/** The samples of a file: all of them, or a part. */
function rangeOf({ length, name }: Split, shard: Shard | undefined): PackWork["range"] {
  if (shard === undefined) return { start: 0, end: length };
  const { index, count } = shard;
  if (count <= length) {
    const border = (part: number) => Math.round(length * part / count);
    return { start: border(index - 1), end: border(index) };
  }
  const expected = `at most ${length} parts, the samples of "${name}"`;
  throw new ConfigError([expectedIssue("shard", expected, `${index}/${count}`)]);
}

async function mergeAll(
  names: readonly SplitName[],
  { fileOf, merge, hooks }: {
    readonly fileOf: (name: SplitName) => string;
    readonly merge: number | "auto";
    readonly hooks: PackHooks;
  },
): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const name of names) {
    const done = await mergePacked(name, { file: fileOf(name), merge, ...hooks });
    hooks.onEvent(done);
    files.push(done);
  }
  return files;
}

/** Makes the folder, and keeps other processes from packing into it, or from the same part. */
function lockFolder(folder: string, shard: Shard | undefined): FileLock {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  const refusal = `Cannot pack into "${folder}": another process is packing there`;
  const lock = join(folder, ".pack.lock");
  return FileLock.take(shard === undefined ? lock : partPath(lock, shard), refusal);
}

/** Whether a file is there, which somebody has to have said something about. */
function exists(
  file: string,
  { resume, overwrite }: Pick<PackConfig, "resume" | "overwrite">,
): boolean {
  const there = isFile(file);
  if (!there || resume || overwrite) return there;
  throw new DataError(
    `Cannot write "${file}": it is there already; --resume keeps it, --overwrite replaces it`,
    { file },
  );
}

/** Files of splits that these slides do not have, which may hold slides of others. */
function leftovers(
  fileOf: (name: SplitName) => string,
  splits: readonly Pick<Surveyed, "name">[],
): string[] {
  return SPLIT_NAMES.filter((name) => splits.every((split) => split.name !== name))
    .filter((name) => isFile(fileOf(name)))
    .map((name) => `"${fileOf(name)}" is of other work: these slides have no ${name} split`);
}

async function surveyAll(
  splits: readonly Omit<Surveyed, "survey">[],
  { signal, onEvent }: PackHooks,
): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for (const { name, split, slides } of splits) {
    const samples = split.length;
    const survey = await surveySlides(slides.samples, {
      signal,
      onSample: (done) => onEvent({ type: "survey", split: name, done, samples }),
    });
    for (const line of survey.notices) onEvent({ type: "notice", message: `${name}: ${line}` });
    surveyed.push({ name, split, slides, survey });
  }
  return surveyed;
}

/** Bits of a stored float: as wanted, or as the slides have it; what that changes is told. */
function bitsOf(
  surveyed: readonly Surveyed[],
  wanted: 16 | 32 | null,
  notify: (lines: Iterable<string>) => void,
): 16 | 32 {
  const files = new Map<string, number>();
  for (const { survey: { dtypes } } of surveyed) {
    for (const [dtype, count] of dtypes) files.set(dtype, (files.get(dtype) ?? 0) + count);
  }
  const bits = wanted ?? ([...files.keys()].every((dtype) => dtype === "float16") ? 16 : 32);
  const exact = bits === 16 ? ["float16"] : ["float16", "bfloat16", "float32"];
  notify(
    [...files].filter(([dtype]) => !exact.includes(dtype)).map(([dtype, count]) =>
      count === 1
        ? `features of 1 slide are ${dtype}, stored as float${bits}`
        : `features of ${count} slides are ${dtype}, stored as float${bits}`
    ),
  );
  return bits;
}

/** What is to be made of a split. */
function workOf(
  { name, split, slides, survey }: Surveyed,
  { dataset, key, shard, ...rest }:
    & Pick<PackWork, "precision" | "compression" | "file" | "range" | "keep">
    & { readonly dataset: Dataset; readonly key: string; readonly shard?: Shard },
): PackWork {
  const { task, subtask, numClasses, classNames } = dataset;
  const rowsOf = (start: number, end: number) =>
    split.bagLengths?.subarray(start, end).reduce((sum, length) => sum + length, 0) ?? end - start;
  const instances = rowsOf(0, split.length);
  const own = rowsOf(rest.range.start, rest.range.end);
  return {
    ...{ name, split, slides, instances: own, embedDim: slides.embedDim, ...rest },
    ...(shard && { shard: `${shard.index}/${shard.count}` }),
    ...(survey.coords && { coords: survey.coords }),
    attributes: {
      glovita_version: VERSION,
      dataset: key,
      ...{ split: name, task, subtask, num_classes: numClasses },
      ...(classNames && { class_names: JSON.stringify(classNames) }),
      ...survey.attributes,
      ...{ embed_dim: slides.embedDim, precision: rest.precision, compression: rest.compression },
      ...{ samples: split.length, instances },
    },
  };
}
