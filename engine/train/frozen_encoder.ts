/**
 * An encoder that does not train, on samples that do not change: its features are computed once, and
 * training goes on from them.
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Loader } from "../data/loader.ts";
import { subsetSource } from "../data/subset_source.ts";
import { DataError, DeviceError } from "../errors.ts";
import { Extractor } from "../extract/extractor.ts";
import { extractorModel } from "../extract/extractor_model.ts";
import type { FeatureBlock } from "../extract/journal.ts";
import { planReaders, type ThreadPlan } from "../extract/thread_plan.ts";
import { input } from "../ir/create.ts";
import type { Tensor } from "../ir/node.ts";
import { RandomStream } from "../nn/random.ts";
import type { ForwardContext } from "../nn/scope.ts";
import { bakeInputs } from "../onnx/bake.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { encode } from "../onnx/encode.ts";
import { fileStore, memoryStore } from "./_feature_store.ts";
import { CACHED_SOURCE_URL, type CachedSourceOptions } from "./cached_source.ts";
import type { TrainEvent } from "./events.ts";
import type { Model } from "./model.ts";
import type { TrainDevice } from "./device.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { TrainState } from "./state.ts";

/** From samples to embeddings. */
export interface SampleEncoder {
  /** Shape of one sample as the graph takes it. */
  readonly inputShape: readonly number[];
  /**
   * Builds the graph.
   * @param samples `[batch, ...inputShape]`.
   * @param context Mode and random numbers.
   * @returns `[batch, embed_dim]`.
   */
  forward(samples: Tensor, context: ForwardContext): Tensor;
}

/** A frozen encoder, and what comes behind it. */
export interface FrozenEncoder extends SampleEncoder {
  /** The rest of the model, over embeddings; its parameters are those of the whole model. */
  readonly rest: Model;
  /** Bytes of features that are kept in memory; more of them go to files. */
  readonly limit: number;
  /** Threads that compute. */
  readonly threads: ThreadPlan;
  /** Samples that are computed at once. */
  readonly microBatch: number;
}

/** The loaders of a run. */
type Loaders = Readonly<Record<"train" | "val", Loader>> & { readonly test?: Loader };

/** What the features are computed and kept with. */
export interface CacheOptions {
  /** Values of the encoder's parameters. */
  readonly state: TrainState;
  /** Where files go. */
  readonly directory: RunDirectory;
  /** Where the encoder runs, if not on the CPU. */
  readonly device?: TrainDevice;
  /** Stops the work when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/**
 * Tells whether an encoder does the same in training as in evaluation: nothing is drawn at random,
 * no statistics are those of a batch, and nothing is updated.
 * @param encoder The encoder.
 *
 * @example Dropout is something else in training
 * ```ts
 * import { isSteady } from "./frozen_encoder.ts";
 * import { assert } from "@std/assert";
 *
 * assert(isSteady({ inputShape: [2], forward: (samples) => samples }));
 * assert(!isSteady({
 *   inputShape: [2],
 *   forward: (x, { training, random }) => training ? random.dropout(x, 0.5) : x,
 * }));
 * ```
 */
export function isSteady(encoder: SampleEncoder): boolean {
  let updates = 0;
  const training = encode(graphOf(encoder, { training: true, update: () => updates++ }));
  if (updates > 0) return false;
  const evaluation = encode(graphOf(encoder, { training: false }));
  return training.length === evaluation.length &&
    training.every((byte, at) => byte === evaluation[at]);
}

function graphOf(
  { inputShape, forward }: SampleEncoder,
  mode: Pick<ForwardContext, "training" | "update">,
): OnnxGraph {
  const samples = input("samples", "float32", ["batch", ...inputShape]);
  const random = new RandomStream(input("random_seed", "uint32", []));
  return emit({ features: forward(samples, { ...mode, random }) });
}

/**
 * Computes the features of all splits.
 * @param frozen The encoder.
 * @param loaders What is read, by split.
 * @param options Weights, and where files go.
 * @returns Loaders of the same batches, of features; the caller closes them.
 * @throws {DataError} if samples cannot be read, features are not finite, or files cannot be written.
 */
export async function encodeOnce(
  frozen: FrozenEncoder,
  loaders: Loaders,
  options: CacheOptions,
): Promise<Loaders> {
  const { state, onEvent } = options;
  const names = new Set(state.names());
  const graph = graphOf(frozen, { training: false });
  const weights = graph.inputs.filter(({ name }) => names.has(name)).map(({ name }) => {
    const { shape, data } = state.parameter(name);
    return [name, { shape, values: data }] as const;
  });
  const baked = bakeInputs(graph, new Map(weights));
  const [embedDim] = frozen.rest.sampleShape;
  const parts = Object.entries(loaders).flatMap(([name, loader]) =>
    loader ? [{ name: name as keyof Loaders, loader }] : []
  );
  const samples = parts.reduce((sum, { loader }) => sum + loader.samples, 0);
  const inFiles = samples * embedDim * Float32Array.BYTES_PER_ELEMENT > frozen.limit;
  await using extractor = await extractorFor(baked, frozen, { ...options, loader: loaders.train });
  const done: { loader: Loader; features: CachedSourceOptions }[] = [];
  for (const { name, loader } of parts) {
    const known = done.find((other) => readsTheSame(other.loader, loader));
    const features = known?.features ??
      await collect({ name, loader, embedDim, inFiles }, extractor, options);
    done.push({ loader, features });
  }
  onEvent?.({ type: "notice", message: tellOf(parts, { samples, embedDim, inFiles }, options) });
  const cached = done.map(({ loader, features }, i) => {
    const { split } = loader;
    const source = { module: CACHED_SOURCE_URL, options: features };
    // What lies in memory needs no thread that reads it.
    const workers = inFiles ? undefined : 0;
    return [parts[i].name, loader.over({ ...split, sampleShape: [embedDim], source }, workers)];
  });
  return Object.fromEntries(cached);
}

/** The extractor, on the device of the run unless that is wrong and nobody has named it. */
async function extractorFor(
  graph: OnnxGraph,
  { threads, microBatch }: FrozenEncoder,
  { device: chosen, onEvent, loader }: CacheOptions & { readonly loader: Loader },
): Promise<Extractor> {
  const onCpu = () => new Extractor({ model: extractorModel(graph), ...threads, microBatch });
  if (chosen === undefined) return onCpu();
  const { device, automatic, check } = chosen;
  const model = { device, deviceId: 0, graph };
  const { workers } = planReaders(null);
  const extractor = new Extractor({ model, workers, microBatch: loader.batchSize });
  try {
    if (check) await extractor.check(loader.split, { start: 0, end: loader.split.length });
    return extractor;
  } catch (error) {
    await extractor[Symbol.asyncDispose]();
    if (!automatic || !(error instanceof DeviceError)) throw error;
    const message = `device cpu takes its place for the frozen encoder: ${error.message}`;
    onEvent?.({ type: "notice", message });
    return onCpu();
  }
}

/** One line on what is kept where. */
function tellOf(
  parts: readonly { readonly name: string; readonly loader: Loader }[],
  { samples, embedDim, inFiles }: { samples: number; embedDim: number; inFiles: boolean },
  { directory }: CacheOptions,
): string {
  const counts = parts.map(({ name, loader }) => `${loader.samples} ${name}`).join(", ");
  const size = `${(samples * embedDim * Float32Array.BYTES_PER_ELEMENT / 1e6).toFixed(1)} MB`;
  const where = inFiles ? `in "${directory.path}" (features_*.h5, ${size})` : `in memory (${size})`;
  return `the encoder does not train: its features of ${counts} samples are computed once and ` +
    `kept ${where}`;
}

function readsTheSame(a: Loader, b: Loader): boolean {
  return isDeepStrictEqual(a.split.source, b.split.source) &&
    isDeepStrictEqual(a.indices, b.indices);
}

/** Features of which samples. */
interface Part {
  readonly name: keyof Loaders;
  readonly loader: Loader;
  readonly embedDim: number;
  readonly inFiles: boolean;
}

/** Computes the features of one split. */
async function collect(
  part: Part,
  extractor: Extractor,
  { directory, signal, onEvent }: CacheOptions,
): Promise<CachedSourceOptions> {
  const { name, loader: { split, indices }, embedDim } = part;
  const store = part.inFiles
    ? await fileStore(directory.featureFile(name), split, embedDim)
    : memoryStore(indices.length * embedDim);
  const rows = new Int32Array(split.length).fill(-1);
  const skipped = new Map<number, string>();
  const samples = indices.length;
  let [row, told] = [0, 0];
  const source = { ...split, source: subsetSource(split, indices) };
  try {
    for await (const block of extractor.run(source, { start: 0, end: samples, signal })) {
      for (const { position, reason } of block.skipped) {
        skipped.set(indices[block.start + position], reason);
      }
      const read = [...indices.subarray(block.start, block.start + block.count)]
        .filter((index) => !skipped.has(index));
      for (const index of read) rows[index] = row++;
      requireFinite(block, read, part);
      store.append(block.features, read);
      const done = block.start + block.count;
      if (done < samples && done - told < samples / 100) continue;
      told = done;
      onEvent?.({ type: "encode", split: name, done, samples });
    }
    return { name: split.name, embedDim, rows, skipped, features: store.finish() };
  } catch (error) {
    store.discard();
    throw error;
  }
}

function requireFinite(
  { features }: FeatureBlock,
  read: readonly number[],
  { embedDim, loader: { split } }: Part,
): void {
  const at = features.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const index = read[Math.floor(at / embedDim)];
  const sample = split.ids ? `"${split.ids[index]}"` : `sample ${index} of "${split.name}"`;
  throw new DataError(`Cannot train on ${sample}: one of its features is ${features[at]}`, {
    file: split.name,
    index,
  });
}
