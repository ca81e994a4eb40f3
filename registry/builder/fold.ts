/**
 * From a config to everything that training one fold takes. Nothing is written before all of it
 * has been found to fit.
 * @module
 */
import { readInitialWeights } from "../../engine/train/init_checkpoint.ts";
import type { Split } from "../../engine/data/data.ts";
import { type DataFacts, dataFacts } from "../../engine/data/data_facts.ts";
import { deriveSeed } from "../../engine/random.ts";
import { splitSummary } from "../../engine/data/split_summary.ts";
import { Loader } from "../../engine/data/loader.ts";
import { parameterOptions } from "../../engine/train/parameter_options.ts";
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import { unusedNotice } from "../../engine/storage/weights_match.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import type { Encoder, TaskInfo } from "../plugin.ts";
import { modelSelection } from "./best_metric.ts";
import { type BuildSources, create, createMetrics } from "./create.ts";
import { createDataset } from "./dataset.ts";
import { layerDecayNotices } from "./layer_decay.ts";
import { createLogger } from "./loggers.ts";
import { frozenEncoder } from "./frozen_encoder.ts";
import { mixingOf } from "./mixing.ts";
import { assembleModel, encodeWhileReading, type ModelStack } from "./model.ts";
import { encoderParameters } from "./parameter_names.ts";
import { softTargetNotices } from "./soft_targets.ts";
import {
  type FoldSplits,
  foldSplits,
  type OpenSplits,
  openTrainSplits,
  type SplitPart,
} from "./splits.ts";

/** Which fold, where, and how random. */
export interface FoldRun {
  /** Fold, counted from 0. */
  readonly index: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** Run directory. */
  readonly directory: RunDirectory;
  /** Whether the fold goes on from its last checkpoint. */
  readonly resume: boolean;
}

/**
 * Plans the training of one fold.
 * @param sources Config and registry.
 * @param run Which fold.
 * @returns The plan, whose loaders the caller closes, and lines for the user.
 * @throws {ConfigError} if parts of the config do not fit each other.
 * @throws {DataError} if data or given weights cannot be used.
 */
export async function planFold(
  sources: BuildSources,
  run: FoldRun,
): Promise<{ readonly plan: TrainPlan; readonly notices: readonly string[] }> {
  const { config } = sources;
  const { training, optimizer: { lr } } = config;
  const { index: fold, seed } = run;
  const folds = training.cv_folds;
  const crossValidation = folds > 1 ? { fold, folds } : undefined;
  const { dataset } = await createDataset(sources, { crossValidation });
  const opened = await openTrainSplits(dataset);
  const splits = foldSplits(opened, config, { fold, seed, folds: dataset.folds });
  const { split } = splits.train;
  const bags = split.bagLengths !== undefined;
  const stack = await assembleModel(sources, dataset, { ...split, bags });
  const { model, encoder } = stack;
  const { parameters } = model;
  const { metrics, notices } = createMetrics(dataset, sources);
  const mixing = mixingOf(config.task, { split, dataset, encoder });
  const rules = parameterOptions(parameters, config.optimizer);
  const given = run.resume ? undefined : await initialWeights(config, stack);
  const loaders = planLoaders(encodeFoldWhileReading(splits, encoder, config), config, seed);
  const plan: TrainPlan = {
    model,
    parameters,
    aliases: stack.aliases,
    samples: { shape: split.sampleShape, bags },
    optimizer: create("optimizer", { lr }, sources),
    parameterOptions: ({ name }) => rules.get(name)!,
    lr,
    groupOf: stack.groupOf,
    calibration: calibrationPlan(stack, splits.train, config, seed),
    schedule: create("scheduler", { epochs: training.epochs }, sources),
    metrics,
    metricMode: config.task.metric_computation_mode,
    ...modelSelection(training, dataset, metrics),
    logger: createLogger(sources),
    epochs: training.epochs,
    seed,
    // Other losses than the cross entropy smooth nothing.
    labelSmoothing: dataset.subtask === "multiclass" ? config.task.label_smoothing : 0,
    mixing,
    frozen: mixing ? undefined : frozenEncoder(stack, splits, config),
    clipNorm: training.gradient_clip_val ?? undefined,
    accumulate: training.gradient_accumulation_steps,
    sanitySteps: training.num_sanity_val_steps,
    valSteps: training.val_steps_per_epoch ?? undefined,
    checkpoints: training.enable_checkpointing,
    fold: { index: fold, count: training.cv_folds },
    directory: run.directory,
    origin: split.origin,
    resume: run.resume,
    resumeAnyway: run.resume && training.resume_anyway,
    data: await factsOf(opened),
    splits: summariesOf(splits, dataset),
    found: dataset.found,
    classNames: dataset.classNames,
    sampleIds: idsOf(splits),
    initial: given?.values,
    loaders,
    stepHook: stack.peft.stepHook?.({ updates: updatesOf(loaders.train, training) }),
    expectedRows: expectedRows(split, config),
  };
  const soft = softTargetNotices(partsOf(splits), dataset, metrics);
  const told = [
    ...noticesOf(splits),
    ...fractionNotices(splits, config),
    ...layerDecayNotices(parameters, config.optimizer.layer_wise_lr_decay),
    ...notices,
    ...soft,
    ...(given?.notices ?? []),
  ];
  return { plan, notices: [...told, ...batchNotices(plan, config)] };
}

/** How entries that train are chosen: by random batches, whatever the order of training is. */
function calibrationPlan(
  { calibration, encoder }: ModelStack,
  part: SplitPart,
  config: ResolvedConfig,
  seed: number,
): TrainPlan["calibration"] {
  if (calibration === undefined) return undefined;
  const { dataloading: { batch_size, num_workers }, data: { max_instances } } = config;
  const { split, subset } = throughEncoder(part, encoder, config);
  const loader = new Loader(split, {
    batchSize: batch_size,
    shuffle: true,
    maxInstances: max_instances ?? undefined,
    subset,
    seed: deriveSeed(seed, "calibration"),
    workers: num_workers,
  });
  return { ...calibration, loader };
}

/** Weights that a run starts from, and lines for the user. */
interface GivenWeights {
  readonly values: TrainPlan["initial"];
  readonly notices: readonly string[];
}

/** Those of a checkpoint, or what the encoder was trained to before. */
async function initialWeights(
  { training: { init_checkpoint, init_checkpoint_key } }: ResolvedConfig,
  { model: { parameters }, encoder, names }: ModelStack,
): Promise<GivenWeights | undefined> {
  if (init_checkpoint === null) {
    if (init_checkpoint_key !== null) {
      const message = "expected training.init_checkpoint to be given, too";
      throw new ConfigError([{ path: "training.init_checkpoint_key", message }]);
    }
    const pretrained = await encoder.pretrained?.({});
    return pretrained && { ...pretrained, values: encoderParameters(pretrained.values) };
  }
  using file = WeightsFile.open(init_checkpoint);
  const { values, unused, notices } = readInitialWeights(file, {
    parameters,
    names,
    key: init_checkpoint_key,
    keyOption: "training.init_checkpoint_key",
  });
  const left = unusedNotice(unused, { file: file.path, taker: "model" });
  return { values, notices: [...notices, ...left] };
}

/** Updates of a run: the last one of an epoch may take fewer batches. */
function updatesOf({ batchesPerEpoch }: Loader, training: ResolvedConfig["training"]): number {
  return training.epochs * Math.ceil(batchesPerEpoch / training.gradient_accumulation_steps);
}

function encodeFoldWhileReading(
  { train, val, test }: FoldSplits,
  encoder: Encoder,
  config: ResolvedConfig,
): FoldSplits {
  const through = (part: SplitPart) => throughEncoder(part, encoder, config);
  return { train: through(train), val: through(val), test: test && through(test) };
}

function throughEncoder(
  part: SplitPart,
  encoder: Encoder,
  { dataloading: { num_workers } }: ResolvedConfig,
): SplitPart {
  const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / Math.max(1, num_workers)));
  return { ...part, split: encodeWhileReading(part.split, encoder, { threads }) };
}

async function factsOf(splits: OpenSplits): Promise<Record<string, DataFacts>> {
  const facts: Record<string, DataFacts> = {};
  for (const [name, split] of Object.entries(splits)) {
    if (split !== undefined) facts[name] = await dataFacts(split);
  }
  return facts;
}

function summariesOf(splits: FoldSplits, dataset: TaskInfo): TrainPlan["splits"] {
  const parts: [string, SplitPart | undefined][] = Object.entries(splits);
  const known = parts.flatMap(([name, part]) => part ? [[name, part] as const] : []);
  return Object.fromEntries(
    known.map(([name, { split, subset }]) => [name, splitSummary(split, dataset, subset)]),
  );
}

/** Names of the samples by split, where all of them have names. */
function idsOf(splits: FoldSplits): TrainPlan["sampleIds"] {
  const ids: Record<string, readonly string[]> = {};
  for (const [name, part] of Object.entries(splits)) {
    if (part === undefined) continue;
    const { split, subset } = part;
    if (split.ids === undefined) return undefined;
    const all = split.ids;
    ids[name] = subset ? Array.from(subset, (index: number) => all[index]) : all;
  }
  return ids;
}

/** What the dataset has to say, each line once. */
function noticesOf(splits: FoldSplits): string[] {
  return [...new Set(partsOf(splits).flatMap(({ notices = [] }) => notices))];
}

/** Says how much of the training samples is used, be it the dataset's default. */
function fractionNotices(
  { train: { split, subset } }: FoldSplits,
  { data: { data_fraction: fraction } }: ResolvedConfig,
): string[] {
  const samples = subset?.length ?? split.length;
  return fraction === null
    ? []
    : [`training on ${samples} samples (data.data_fraction ${fraction})`];
}

/** The splits that a fold uses. */
function partsOf({ train, val, test }: FoldSplits): Split[] {
  return [train, val, test].flatMap((part) => part?.split ?? []);
}

/** What batch normalisation cannot do: it sets a single value of a channel to its shift. */
function batchNotices(
  { loaders: { train }, parameters }: TrainPlan,
  { dataloading: { batch_size } }: ResolvedConfig,
): string[] {
  const normalized = parameters.some(({ name, trainable }) =>
    trainable && name.endsWith("weight") &&
    parameters.some((other) => other.name === name.replace(/weight$/, "running_mean"))
  );
  const rest = train.samples % batch_size;
  const alone = rest === 1 && train.batchesPerEpoch > Math.floor(train.samples / batch_size);
  if (!normalized || (!alone && batch_size > 1)) return [];
  return [
    `${batch_size === 1 ? "a" : "the last"} training batch has one sample, which batch ` +
    "normalisation cannot normalise by itself" +
    (batch_size === 1 ? "" : "; drop it with dataloading.drop_last_train"),
  ];
}

/** About how many instances a batch of bags has. */
function expectedRows(
  { bagLengths }: Split,
  { dataloading, data: { max_instances } }: ResolvedConfig,
): TrainPlan["expectedRows"] {
  if (!bagLengths) return undefined;
  const mean = (most: number) =>
    bagLengths.reduce((sum, length) => sum + Math.min(length, most), 0) / bagLengths.length;
  return {
    train: dataloading.batch_size * mean(max_instances ?? Infinity),
    eval: dataloading.eval_batch_size * mean(Infinity),
  };
}

/** Most batches that an epoch trains on. */
function mostBatches({ training }: ResolvedConfig): number | undefined {
  const { train_steps_per_epoch: steps } = training;
  return steps === null ? undefined : steps * training.gradient_accumulation_steps;
}

/** Loaders start no thread and open no file before their first epoch. */
function planLoaders(
  splits: FoldSplits,
  config: ResolvedConfig,
  seed: number,
): TrainPlan["loaders"] {
  return {
    train: planLoader(splits.train, "train", config, seed),
    val: planLoader(splits.val, "eval", config, seed),
    test: splits.test && planLoader(splits.test, "eval", config, seed),
  };
}

function planLoader(
  { split, subset }: SplitPart,
  use: "train" | "eval",
  config: ResolvedConfig,
  seed: number,
): Loader {
  const { dataloading, data: { max_instances } } = config;
  const training = use === "train";
  const batchSize = training ? dataloading.batch_size : dataloading.eval_batch_size;
  const dropLast = training ? dataloading.drop_last_train : dataloading.drop_last_eval;
  const samples = subset?.length ?? split.length;
  if (dropLast && samples < batchSize) {
    const message = `no batch is left of the ${samples} samples of "${split.name}", ` +
      `a batch has ${batchSize}`;
    throw new ConfigError([{ path: `dataloading.drop_last_${use}`, message }]);
  }
  if (training && max_instances !== null && !split.bagLengths) {
    const message = `expected bags, "${split.name}" holds single instances`;
    throw new ConfigError([{ path: "data.max_instances", message }]);
  }
  const weighted = training && dataloading.weighted_sampling;
  if (weighted && split.labels.values instanceof Float32Array) {
    const message = `expected one class per sample, "${split.name}" holds other targets`;
    throw new ConfigError([{ path: "dataloading.weighted_sampling", message }]);
  }
  return new Loader(split, {
    batchSize,
    weighted,
    maxInstances: training ? max_instances ?? undefined : undefined,
    dropLast,
    maxBatches: training ? mostBatches(config) : undefined,
    subset,
    seed,
    shuffle: training ? !weighted && dataloading.shuffle_train : dataloading.shuffle_eval,
    workers: dataloading.num_workers,
    prefetchFactor: dataloading.num_workers > 0 ? dataloading.prefetch_factor : undefined,
    reuseBuffers: true,
  });
}
