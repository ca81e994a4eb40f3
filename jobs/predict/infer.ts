/**
 * Inference: what trained models say of a split or of new data.
 * @module
 */
import { extname, join } from "node:path";
import { PredictionCollector, type Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { createMetrics } from "../../registry/builder/create.ts";
import {
  type InferConfig,
  type InferPart as ConfigPart,
  resolveInferConfig,
} from "../../registry/config/infer.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import { type Shard, shardOf } from "../../registry/config/shards.ts";
import { ConfigError, quote } from "../../registry/errors.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import type { Evaluation } from "../evaluate/evaluation.ts";
import { writeEvaluation } from "../evaluate/write_evaluation.ts";
import { partNotices } from "../shards/parts.ts";
import { combine, type Combined, joined, type ModelPredictions } from "./_combine.ts";
import { findModels, type FoundModel } from "./find_models.ts";
import { InferAttention, type WrittenAttention } from "./infer_attention.ts";
import { type InferPart, openInferData } from "./infer_data.ts";
import type { InferEvent } from "./infer_events.ts";
import {
  dataHash,
  partFacts,
  predictionPart,
  readParts,
  samplesOf,
  shardPart,
  writePart,
} from "./prediction_parts.ts";
import { TrainedModel } from "./trained_model.ts";
import { isPredictionFile, PREDICTION_ENDS, writePredictions } from "./write_predictions.ts";

/**
 * What inference needs besides its config.
 * @category Prediction
 */
export interface InferOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Dotted paths of the fields that somebody set: those of `data` make it new data. */
  readonly given?: readonly string[];
  /** Stops the work between batches when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: InferEvent) => void;
}

/**
 * What models have said.
 * @category Prediction
 */
export interface Inference {
  /** Predictions of all samples; those of several models are averaged. */
  readonly predictions: Predictions;
  /** The split, or `all`. */
  readonly split: string;
  /** Metrics by name, `test_Accuracy`; absent where nobody knows the targets. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Intervals and more numbers; absent where nobody knows the targets. */
  readonly evaluation?: Evaluation;
  /** Checkpoints that have predicted. */
  readonly checkpoints: readonly string[];
  /** Where the predictions were written. */
  readonly file: string;
  /** Which part of the samples it is, if not all of them: a part is not measured. */
  readonly part?: { readonly index: number; readonly count: number };
  /** Where what the models attend to was written, if asked for. */
  readonly attention?: WrittenAttention;
}

/**
 * Predicts with the models of a run, of the folds of a group, or of a checkpoint, and writes a table,
 * `predictions.csv` in the run where nothing else is said, and `predictions_metrics.json` beside it.
 * Models that predict the same samples are ensembled: their probabilities are averaged. The folds of a
 * cross-validation, which have different samples to predict, predict one after the other.
 * @param given A resolved config, or parts of one.
 * @param options Registry, events and the signal that stops it.
 * @returns The predictions, and what was measured.
 * @throws {ConfigError} if the config is wrong, or does not fit the models.
 * @throws {DataError} if a run, a checkpoint or data cannot be used.
 *
 * @example Train on a file, then predict it
 * ```ts
 * import { configure, infer, precomputed, precomputedFeatures, train } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 0, 0, 1), [0, 1]); // two samples, of class 0 and 1
 * writer.close();
 * const files = { train_features_file: file, val_features_file: file };
 * const [{ directory }] = await train([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 2 }),
 *   { optimizer: { lr: 1 }, training: { epochs: 5 }, exp_dir: folder },
 * ]);
 *
 * const { predictions, metrics } = await infer([{ exp_dir: directory, split: "val" }]);
 * assertEquals([predictions.ids.length, metrics?.val_Accuracy], [2, 1]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Prediction
 */
export async function infer(
  given: InferConfig | readonly ConfigPart[],
  options: InferOptions = {},
): Promise<Inference> {
  const { registry = defaultRegistry } = options;
  const resolved = resolveGiven(given, options.given, registry);
  const { config } = resolved;
  requireFields(config);
  const shard = shardOf(config);
  const models = findModels(config);
  const isNew = resolved.given.some((path) => path.startsWith("data."));
  const notify = notifier(options);
  const context: Context = { ...options, registry, config, isNew, notify, shard };
  const checkpoints = models.map(({ checkpoint }) => checkpoint);
  const file = config.pred_output ?? join(folderOf(models, config), "predictions.csv");
  if (config.merge !== null) return await mergeParts(file, models, context);
  if (shard !== undefined) notify(partNotices(shard));
  const all: ModelPredictions[] = [];
  let last: ResolvedConfig | undefined;
  let attention: InferAttention | undefined;
  for (const [at, found] of models.entries()) {
    options.signal?.throwIfAborted();
    const event = { number: at + 1, models: models.length, checkpoint: found.checkpoint };
    options.onEvent?.({ type: "model", ...event });
    await using model = await TrainedModel.load(found.checkpoint, {
      ...{ registry, device: config.device, deviceId: config.device_id },
      deviceCheck: config.device_check,
      precisionCompute: config.precision_compute,
      float32MatmulPrecision: config.float32_matmul_precision,
      onNotice: (message) => context.notify([message]),
    });
    attention ??= await InferAttention.start(config, model, models.length);
    all.push(await predictWith(model, found, { ...context, attention }));
    last = model.config;
  }
  const combined = combine(all, models);
  if (combined.notice !== undefined) context.notify([combined.notice]);
  if (shard !== undefined) {
    const part = predictionPart(file, shard);
    await writePart(part, combined, await partFacts(models, all, shard));
    const { predictions, split } = combined;
    return { predictions, split, checkpoints, file: part, part: shard };
  }
  const written = await attention?.finish();
  context.notify(written?.notices ?? []);
  const done = await finish(combined, { file, models, run: last!, context });
  return written ? { ...done, attention: written } : done;
}

/** Checks what has to be right whatever the models are. */
function requireFields(config: InferConfig): void {
  requireName(config.pred_output);
  requireUse(config);
  const divided = config.shard !== null || config.merge !== null;
  if (!divided || config.attention_output === null) return;
  const expected = "none with --shard or --merge";
  throw new ConfigError([expectedIssue("attention_output", expected, config.attention_output)]);
}

/** Joins the predictions of parts, which then are those of one run. */
async function mergeParts(
  file: string,
  models: readonly FoundModel[],
  context: Context,
): Promise<Inference> {
  const combined = readParts(file, context.config.merge!);
  await using model = await TrainedModel.load(models.at(-1)!.checkpoint, context);
  return await finish(combined, { file, models, run: model.config, context });
}

/** Writes and measures predictions. */
async function finish(
  { predictions, split }: Pick<Combined, "predictions" | "split">,
  { file, models, run, context }: {
    readonly file: string;
    readonly models: readonly FoundModel[];
    readonly run: ResolvedConfig;
    readonly context: Context;
  },
): Promise<Inference> {
  const { config, registry } = context;
  const metrics = measure(predictions, { split, config, run, registry, context });
  await writePredictions(file, predictions);
  const { evaluation, notices } = await writeEvaluation(predictions, {
    ...{ path: metricsFile(file), split, registry },
  });
  context.notify(notices);
  const checkpoints = models.map(({ checkpoint }) => checkpoint);
  return { predictions, split, metrics, evaluation, checkpoints, file };
}

/** Beside the predictions; what training has written of its own splits stays as it is. */
function metricsFile(file: string): string {
  return `${file.slice(0, -extname(file).length)}_metrics.json`;
}

interface Context extends InferOptions {
  readonly registry: Registry;
  readonly config: InferConfig;
  readonly isNew: boolean;
  readonly notify: (lines: readonly string[]) => void;
  /** The only part of the samples that is predicted. */
  readonly shard?: Shard;
  /** Takes what the models attend to. */
  readonly attention?: InferAttention;
}

/** A resolved config as it is; parts over the data of the run that they name. */
function resolveGiven(
  given: InferConfig | readonly ConfigPart[],
  fields: readonly string[] | undefined,
  registry: Registry,
): { readonly config: InferConfig; readonly given: readonly string[] } {
  if (!Array.isArray(given)) return { config: given as InferConfig, given: fields ?? [] };
  const choice = Object.assign(
    { exp_dir: null, checkpoint_path: null, checkpoint: "best", fold: null },
    ...given,
  );
  const [{ directory }] = findModels(choice);
  const file = directory.readModelConfig(`Cannot predict with "${directory.path}"`);
  const resolution = resolveInferConfig({ file, parts: given, inherited: true }, registry);
  return { config: resolution.config, given: resolution.given };
}

function requireName(path: string | null): void {
  if (path === null || isPredictionFile(path)) return;
  const message = `expected a name that ends in ${PREDICTION_ENDS.join(", ")}, received ` +
    quote(path);
  throw new ConfigError([{ path: "pred_output", message }]);
}

/** Fields that say something of attention have an effect with it only. */
function requireUse({ attention_output, patch_size, mpp, thumbnails }: InferConfig): void {
  if (attention_output !== null) return;
  const given = Object.entries({ patch_size, mpp, thumbnails }).filter(([, value]) =>
    value !== null
  );
  if (given.length === 0) return;
  throw new ConfigError(
    given.map(([path, value]) => expectedIssue(path, "none without --attention_output", value)),
  );
}

function notifier({ onEvent }: InferOptions): (lines: readonly string[]) => void {
  const told = new Set<string>();
  return (lines) => {
    for (const message of lines) {
      if (!told.has(message)) onEvent?.({ type: "notice", message });
      told.add(message);
    }
  };
}

async function predictWith(
  model: TrainedModel,
  { directory }: FoundModel,
  { config, registry, isNew, notify, signal, onEvent, attention, shard }: Context,
): Promise<ModelPredictions> {
  const { data: own } = model.config;
  const { fold } = directory;
  const folds = model.config.training.cv_folds > 1;
  // Folds that were trained one by one have data of their own.
  const data = isNew ? config.data : own;
  const { dataset, parts } = await openInferData({
    registry,
    config: { ...model.config, data },
    fold: folds ? fold : undefined,
    isNew,
    split: config.split,
  });
  requireSameClasses(dataset.classNames, model);
  const classNames = model.classNames ?? dataset.classNames;
  const done: Predictions[] = [];
  const samples: string[] = [];
  for (const part of parts) {
    notify(part.split.notices ?? []);
    const batch = config.dataloading.eval_batch_size ?? model.config.dataloading.eval_batch_size;
    const { predictions, indices } = await predictPart(model, shardPart(part, shard, batch), {
      batchSize: config.dataloading.eval_batch_size ?? undefined,
      workers: config.dataloading.num_workers ?? undefined,
      classNames: usable(classNames, model),
      signal,
      onEvent,
      notify,
      attention,
    });
    done.push(predictions);
    const { name, ids } = part.split;
    const known = shard === undefined ? indices : samplesOf(part);
    for (const index of known) samples.push(ids?.[index] ?? `${name} ${index}`);
  }
  const split = config.split ?? parts[0].name;
  const segments = done.map(({ ids }) => ids.length);
  const hashes = shard && parts.map((part) => dataHash(part));
  const { precision } = model;
  return { predictions: joined(done, parts), samples, split, segments, precision, data: hashes };
}

function usable(
  names: readonly string[] | undefined,
  { task }: TrainedModel,
): readonly string[] | undefined {
  return names?.length === task.numClasses ? names : undefined;
}

/** Classes in another order would be other classes. */
function requireSameClasses(names: readonly string[] | undefined, model: TrainedModel): void {
  const known = model.classNames;
  if (!names || !known || names.join("\0") === known.join("\0")) return;
  throw new DataError(
    `Cannot predict: the classes of the data are ${names.map(quote).join(", ")}, those of the ` +
      `model ${known.map(quote).join(", ")}`,
  );
}

async function predictPart(
  model: TrainedModel,
  { split, subset, name }: InferPart,
  { classNames, notify, onEvent, attention, ...options }: {
    readonly batchSize?: number;
    readonly workers?: number;
    readonly classNames?: readonly string[];
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: InferEvent) => void;
    readonly notify: (lines: readonly string[]) => void;
    readonly attention?: InferAttention;
  },
): Promise<{ readonly predictions: Predictions; readonly indices: readonly number[] }> {
  const collector = new PredictionCollector();
  const samples = subset?.length ?? split.length;
  const indices: number[] = [];
  let done = 0;
  const asked = { ...options, subset, attention: attention !== undefined };
  for await (const predicted of model.predictSplit(split, asked)) {
    const { batch, scores } = predicted;
    collector.update(batch, scores);
    await attention?.add(split, predicted);
    notify((batch.skipped ?? []).map((line) => `${line}; left out`));
    indices.push(...batch.indices);
    done += batch.size;
    onEvent?.({ type: "progress", split: name, done, samples });
  }
  indices.sort((a, b) => a - b);
  const task = { ...model.task, ...(classNames && { classNames }) };
  return { predictions: collector.predictions(split, task), indices };
}

function measure(
  predictions: Predictions,
  { split, config, run, registry, context }: {
    readonly split: string;
    readonly config: InferConfig;
    readonly run: ResolvedConfig;
    readonly registry: Registry;
    readonly context: Context;
  },
): Record<string, number> | undefined {
  const { labels, task, subtask, numClasses, scores, ids } = predictions;
  if (labels === undefined) return undefined;
  const asked = { ...run, task: { ...run.task, metrics: config.metrics ?? run.task.metrics } };
  const { metrics, notices } = createMetrics({ task, subtask, numClasses }, {
    config: asked,
    registry,
  });
  context.notify(notices);
  const input = { task, subtask, numClasses, count: ids.length, scores, labels: labels.values };
  const values = metrics.flatMap((metric) => {
    const accumulator = metric.accumulator();
    accumulator.update(input);
    return Object.entries(accumulator.compute());
  });
  return Object.fromEntries(values.map(([name, value]) => [`${split}_${name}`, value]));
}

/** The run; for several runs the folder of the group. */
function folderOf(models: readonly FoundModel[], { exp_dir }: InferConfig): string {
  return models.length > 1 && exp_dir !== null ? exp_dir : models[0].directory.path;
}
