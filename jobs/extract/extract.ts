/**
 * Extracting features: what an encoder makes of a dataset's samples, into feature files.
 * @module
 */
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import { temporaryPath, writeError } from "../../engine/storage/atomic.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import type { Split } from "../../engine/data/data.ts";
import { splitPart } from "../../engine/data/split_part.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import { FieldUse } from "../../registry/config/field_use.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import { ConfigError } from "../../registry/errors.ts";
import {
  type Dataset,
  type EncoderReader,
  SPLIT_NAMES,
  type SplitName,
} from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { recordedWeights, requireCheckpoint } from "../runs/checkpoint_config.ts";
import type { BuildSources } from "../../registry/builder/create.ts";
import { createDataset } from "../../registry/builder/dataset.ts";
import { chosenFraction } from "../../registry/builder/splits.ts";
import { encoderGraph, type EncoderWeights, holdsEncoder, loadWeights } from "./encoder.ts";
import type { ExtractedFile, ExtractEvent } from "./events.ts";
import { type Shard, shardOf } from "../../registry/config/shards.ts";
import { partNotices } from "../shards/parts.ts";
import { checkTemplate, outputPath } from "./names.ts";
import { type ExtractPlace, placeFor, startExtractor } from "./_extractor.ts";
import { extractSplit, type SplitWork } from "./_extract_split.ts";
import { featureAttributes, type FeatureOrigin } from "./feature_attributes.ts";
import { chooseMatmulPrecision } from "./matmul_precision.ts";
import { type MergeableEncoder, mergeableEncoder, mergedEncoder } from "./merged_encoder.ts";
import { mergeShards } from "./_merge_shards.ts";
import { type ExtractConfigInput, resolveExtractInput } from "./config_input.ts";
import {
  type AdapterOptions,
  buildEncoder,
  type EncoderStack,
  encodeWhileReading,
} from "../../registry/builder/model.ts";

/**
 * What extraction needs besides its config.
 * @category Extraction
 */
export interface ExtractOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /**
   * Dotted paths of the fields that somebody set, which are told if nothing uses them. Where they are
   * not given, those of the parts; of a resolved config those that differ from their defaults.
   */
  readonly given?: readonly string[];
  /** Stops the work when it aborts; what is done so far is kept for `resume`. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: ExtractEvent) => void;
}

/**
 * Extracts features: every sample of a dataset's splits becomes a row of a feature file. Everything
 * is checked before anything is computed. Prints nothing.
 * @param given A resolved config, or parts of one; with a `checkpoint_path` they complete the config
 *   of the checkpoint's run.
 * @param options Registry, events and the signal that stops the work.
 * @returns The files, one for each split.
 * @throws {ConfigError} if the config is wrong, or its parts do not fit each other.
 * @throws {DataError} if samples or weights cannot be read, or files cannot be written.
 * @throws {PluginError} if a plugin is broken.
 * @throws {PartError} if that shows later, in a graph or on a thread that reads.
 *
 * @example Features of two images, one folder per class
 * ```ts
 * import { configure, extractFeatures, genericImageDataset, timm } from "@glovita/glovita";
 * import { openFeatureFile } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const red = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
 * const image = Uint8Array.from(atob(red), (character) => character.charCodeAt(0));
 * const folder = await Deno.makeTempDir();
 * for (const label of ["left", "right"]) {
 *   await Deno.mkdir(`${folder}/images/train/${label}`, { recursive: true });
 *   await Deno.writeFile(`${folder}/images/train/${label}/0.png`, image);
 * }
 *
 * const [{ file }] = await extractFeatures([
 *   configure(genericImageDataset, {
 *     num_classes: 2,
 *     split_source: "subdirs",
 *     label_source: "folder",
 *   }),
 *   configure(timm, { type: "test_vit", pretrained: false }),
 *   { method: "avg", split: "train", data: { data_root_dir: folder }, output_dir: folder },
 * ]);
 * const { embedDim, labels } = await openFeatureFile(file);
 * assertEquals([embedDim, [...labels.values]], [64, [0, 1]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Extraction
 */
export async function extractFeatures(
  given: ExtractConfigInput,
  options: ExtractOptions = {},
): Promise<ExtractedFile[]> {
  const { registry = defaultRegistry, signal, onEvent = () => {} } = options;
  const resolution = resolveExtractInput(given, registry);
  const notify = (lines: readonly string[]) => {
    for (const message of lines) onEvent({ type: "notice", message });
  };
  notify(resolution.notices);
  const fields = options.given ?? resolution.given;
  const use = new FieldUse(resolution.config, fields);
  const { config } = use;
  const sources = { config, registry };
  const shard = shardOf(config);
  if (shard !== undefined) notify(partNotices(shard));
  checkTemplate(resolution.config);
  if (config.checkpoint_path !== null) requireCheckpoint(config.checkpoint_path);
  const { dataset, images } = await createDataset(sources, {
    evalForTrain: config.use_eval_transform_for_train,
  });
  const splits = await openSplits(dataset, config, onEvent);
  if (config.merge !== null) return await mergeAll(config, { splits, onEvent });
  const build = (adapters: AdapterOptions) => encoderFor(sources, splits, adapters);
  const mergeable = config.merge_adapters ? await mergeableEncoder(build) : undefined;
  const stack = mergeable?.stack ?? await build({});
  const place = await placeFor(stack, config);
  notify(place.notices);
  const ranges = splits.map(([, split]) => shardRange(split, shard, place.microBatch));
  prepareFolder(config.output_dir);
  const { graph, fastMath, reader, ...made } = await withWeights(stack, config, {
    mergeable,
    signal,
    onEvent,
    place,
  });
  const first = { split: splits[0][1], ...ranges[0] };
  const encoder = { stack, graph, fastMath };
  const started = await startExtractor({ ...encoder, config, place, first, notify });
  const { threads, device, float16 } = started;
  // A part that a cluster starts again goes on where it was.
  const goesOn = config.resume || config.shard === "auto" && !fields.includes("resume");
  const writing = { ...writingOf(config), resume: goesOn };
  // Names and attributes tell of everything, which is no use of it.
  const told = { ...resolution.config, ...writing };
  notify(use.notices());
  await using extractor = started.extractor;
  const files: ExtractedFile[] = [];
  for (const [i, [name, original]] of splits.entries()) {
    signal?.throwIfAborted();
    const split = encodeWhileReading(original, { reader }, threads);
    const { embedDim } = stack;
    const work: SplitWork = {
      name,
      split,
      embedDim,
      range: ranges[i],
      file: outputPath(told, { split: name, sampleShape: original.sampleShape, shard }),
      attributes: featureAttributes({
        ...{ config: told, dataset, name, embedDim, device, float16, ...made },
        transform: images?.[name === "train" ? "train" : "eval"],
      }),
      shard: shard && `${shard.index}/${shard.count}`,
    };
    const done = await extractSplit(work, { config: writing, extractor, signal, onEvent });
    onEvent(done);
    files.push(done);
  }
  return files;
}

/** How files are written, and where. */
function writingOf(config: ExtractConfig) {
  const { precision, compression, resume, resume_anyway, output_dir, output_filename } = config;
  const dataloading = { ...config.dataloading };
  return {
    precision,
    compression,
    resume,
    resume_anyway,
    output_dir,
    output_filename,
    dataloading,
  };
}

type NamedSplits = readonly (readonly [SplitName, Split])[];
type OnEvent = (event: ExtractEvent) => void;

async function openSplits(
  dataset: Dataset,
  { split: only, data }: ExtractConfig,
  onEvent: OnEvent,
): Promise<NamedSplits> {
  const splits: [SplitName, Split][] = [];
  const wanted: readonly SplitName[] = only === null ? SPLIT_NAMES : [only];
  for (const name of wanted) {
    const split = await dataset.open(name);
    if (split !== undefined) {
      splits.push([name, name === "train" ? fractionOf(split, data) : split]);
    } else onEvent({ type: "notice", message: `the dataset has no ${name} split` });
  }
  if (splits.length === 0) throw new DataError("Cannot extract features: there is no split");
  const notices = new Set(splits.flatMap(([, { notices = [] }]) => notices));
  for (const message of notices) onEvent({ type: "notice", message });
  return splits;
}

/** The samples that `data.data_fraction` keeps of a training split. */
function fractionOf(split: Split, data: ExtractConfig["data"]): Split {
  const samples = chosenFraction(split.labels, data);
  if (samples === undefined) return split;
  const message = `${samples.length} of ${split.length} training samples are extracted ` +
    `(data.data_fraction ${data.data_fraction})`;
  return { ...splitPart(split, samples), notices: [...split.notices ?? [], message] };
}

/** Builds the encoder for samples that must be alike in all splits. */
async function encoderFor(
  sources: BuildSources<ExtractConfig>,
  splits: NamedSplits,
  adapters: AdapterOptions,
): Promise<EncoderStack> {
  const [[, first]] = splits;
  for (const [, split] of splits) {
    const fail = (state: string) =>
      new DataError(`Cannot extract features of "${split.name}": ${state}`, { file: split.name });
    if (split.bagLengths) throw fail("it holds bags, a feature file gets one row per sample");
    const [found, expected] = [split.sampleShape.join("×"), first.sampleShape.join("×")];
    if (found !== expected) {
      throw fail(`its samples are ${found}, those of "${first.name}" ${expected}`);
    }
  }
  return await buildEncoder(sources, first, {
    get method() {
      return sources.config.method;
    },
    methodPath: "method",
    ...adapters,
  });
}

/** An encoder that can compute; the values of its weights live on in the model only. */
interface ReadyEncoder extends Pick<FeatureOrigin, "weights" | "matmulPrecision"> {
  readonly graph: OnnxGraph;
  /** Whether ARM's matrix products may be of bfloat16. */
  readonly fastMath: boolean;
  /** What runs before it, where samples are read. */
  readonly reader?: EncoderReader;
}

/** Loads the weights, and makes the graph as precise as the config wants it. */
async function withWeights(
  stack: EncoderStack,
  config: ExtractConfig,
  options: WeightOptions,
): Promise<ReadyEncoder> {
  const { mergeable, onEvent, place } = options;
  const { origin, sha256, values } = await weightsFor(stack, config, options);
  const ready = mergeable && await mergedEncoder(mergeable, { values }, config.peft.method);
  const { graph, reader, precision, fastMath, notices } = await chooseMatmulPrecision(
    encoderGraph(ready?.stack ?? stack, { values: ready?.values ?? values }),
    config.float32_matmul_precision,
    { reader: stack.encoder.reader, device: place.device },
  );
  for (const message of [...ready?.notices ?? [], ...notices]) onEvent({ type: "notice", message });
  return { weights: { origin, sha256 }, matmulPrecision: precision, graph, fastMath, reader };
}

interface WeightOptions {
  /** The encoder, where its adapters are to be merged. */
  readonly mergeable?: MergeableEncoder;
  readonly signal?: AbortSignal;
  readonly onEvent: OnEvent;
  /** Where the encoder is to run. */
  readonly place: ExtractPlace;
}

/** Weights of the checkpoint, unless it holds a head that was trained on an encoder's features. */
async function weightsFor(
  stack: EncoderStack,
  { checkpoint_path }: ExtractConfig,
  { signal, onEvent }: Omit<WeightOptions, "place">,
): Promise<EncoderWeights> {
  const learns = stack.parameters.length > 0 || stack.encoder.pretrained !== undefined;
  using checkpoint = checkpoint_path !== null && learns
    ? WeightsFile.open(checkpoint_path)
    : undefined;
  const held = checkpoint !== undefined && holdsEncoder(stack, checkpoint);
  const weights = await loadWeights(stack, {
    checkpoint: held ? checkpoint : undefined,
    signal,
    onProgress: (progress) => onEvent({ type: "download", ...progress }),
  });
  const replaced = checkpoint_path !== null && learns && !held
    ? notFromCheckpoint(checkpoint_path, weights)
    : [];
  for (const message of [...replaced, ...weights.notices]) onEvent({ type: "notice", message });
  return weights;
}

/** Lines on weights that a checkpoint should have held. */
function notFromCheckpoint(checkpoint: string, { sha256 }: EncoderWeights): string[] {
  const recorded = recordedWeights(checkpoint);
  const other = recorded !== undefined && recorded !== sha256;
  return [
    `"${checkpoint}" has no encoder weights; using the encoder's own pretrained weights`,
    ...other ? [`"${checkpoint}" was trained on features of an encoder with other weights`] : [],
  ];
}

/** Makes the folder, and finds out now whether files can be written there. */
function prepareFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    const trial = temporaryPath(join(path, "trial"));
    writeFileSync(trial, "", { flag: "wx" });
    unlinkSync(trial);
  } catch (error) {
    throw writeError(error, path);
  }
}

/** The samples of a shard: whole micro-batches, so that joined shards equal one run. */
function shardRange(
  { length, name }: Pick<Split, "length" | "name">,
  shard: Shard | undefined,
  microBatch: number,
): { readonly start: number; readonly end: number } {
  if (shard === undefined) return { start: 0, end: length };
  const groups = Math.ceil(length / microBatch);
  if (shard.count > groups) {
    const expected = `at most ${groups} parts of the ${length} samples of "${name}"`;
    throw new ConfigError([expectedIssue("shard", expected, `${shard.index}/${shard.count}`)]);
  }
  const border = (part: number) =>
    Math.min(length, Math.round(groups * part / shard.count) * microBatch);
  return { start: border(shard.index - 1), end: border(shard.index) };
}

async function mergeAll(
  config: ExtractConfig,
  { splits, onEvent }: { readonly splits: NamedSplits; readonly onEvent: OnEvent },
): Promise<ExtractedFile[]> {
  const files: ExtractedFile[] = [];
  for (const [split, { sampleShape }] of splits) {
    const file = outputPath(config, { split, sampleShape });
    const done = await mergeShards(split, { file, merge: config.merge!, config });
    onEvent(done);
    files.push(done);
  }
  return files;
}
