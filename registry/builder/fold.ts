/**
 * From a config to everything that training one fold takes. Nothing is written before all of it
 * has been found to fit.
 * @module
 */
import { matchInitialWeights } from "../../engine/train/init_checkpoint.ts";
import type { Split } from "../../engine/data/data.ts";
import { Loader } from "../../engine/data/loader.ts";
import { parameterOptions } from "../../engine/train/parameter_options.ts";
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import { loadStateDict } from "../../engine/storage/state_dict.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import type { Encoder } from "../plugin.ts";
import { modelSelection } from "./best_metric.ts";
import { type BuildSources, create, createDataset, createMetrics } from "./create.ts";
import {
  aliasesOf,
  assembleModel,
  encoderParameters,
  encodeWhileReading,
  parameterAliases,
} from "./model.ts";
import { imageTransforms } from "./images.ts";
import { softTargetNotices } from "./soft_targets.ts";
import { type FoldSplits, foldSplits, openTrainSplits, type SplitPart } from "./splits.ts";

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
  const dataset = createDataset(sources, imageTransforms(sources));
  const { index: fold, seed } = run;
  const splits = foldSplits(await openTrainSplits(dataset), config, { fold, seed });
  const { split } = splits.train;
  const bags = split.bagLengths !== undefined;
  const { model, encoder } = await assembleModel(sources, dataset, { ...split, bags });
  const { parameters } = model;
  const { metrics, notices } = createMetrics(dataset, sources);
  const rules = parameterOptions(parameters, config.optimizer);
  const given = run.resume ? undefined : await initialWeights(config, parameters, encoder);
  const plan: TrainPlan = {
    model,
    parameters,
    aliases: parameterAliases,
    samples: { shape: split.sampleShape, bags },
    optimizer: create("optimizer", { lr }, sources),
    parameterOptions: ({ name }) => rules.get(name)!,
    lr,
    schedule: create("scheduler", { epochs: training.epochs }, sources),
    metrics,
    metricMode: config.task.metric_computation_mode,
    ...modelSelection(training, dataset, metrics),
    logger: create("logger", {}, sources),
    epochs: training.epochs,
    seed,
    // Other losses than the cross entropy smooth nothing.
    labelSmoothing: dataset.subtask === "multiclass" ? config.task.label_smoothing : 0,
    clipNorm: training.gradient_clip_val ?? undefined,
    accumulate: training.gradient_accumulation_steps,
    sanitySteps: training.num_sanity_val_steps,
    checkpoints: training.enable_checkpointing,
    fold: { index: fold, count: training.cv_folds },
    directory: run.directory,
    origin: split.origin,
    resume: run.resume,
    initial: given?.values,
    loaders: planLoaders(encodeFoldWhileReading(splits, encoder, config), config, seed),
    expectedRows: expectedRows(split, config),
  };
  const soft = softTargetNotices(partsOf(splits), dataset, metrics);
  return { plan, notices: [...noticesOf(splits), ...notices, ...soft, ...(given?.notices ?? [])] };
}

/** Weights that a run starts from, and lines for the user. */
interface GivenWeights {
  readonly values: TrainPlan["initial"];
  readonly notices: readonly string[];
}

/** Those of a checkpoint, or what the encoder was trained to before. */
async function initialWeights(
  { training: { init_checkpoint: file } }: ResolvedConfig,
  parameters: TrainPlan["parameters"],
  encoder: Encoder,
): Promise<GivenWeights | undefined> {
  if (file === null) {
    const pretrained = await encoder.pretrained?.({});
    return pretrained && { ...pretrained, values: encoderParameters(pretrained.values) };
  }
  const tensors = loadStateDict(file);
  const { values, unused } = matchInitialWeights(tensors, {
    parameters,
    names: aliasesOf,
    file,
  });
  return { values, notices: unusedWeights(unused, file) };
}

function unusedWeights(unused: readonly string[], file: string): string[] {
  if (unused.length === 0) return [];
  const names = unused.slice(0, 3).map((name) => `"${name}"`).join(", ");
  const count = unused.length === 1 ? "1 tensor" : `${unused.length} tensors`;
  const rest = unused.length > 3 ? ", …" : "";
  return [`the model has no place for ${count} of "${file}": ${names}${rest}`];
}

function encodeFoldWhileReading(
  splits: FoldSplits,
  encoder: Encoder,
  { dataloading: { num_workers } }: ResolvedConfig,
): FoldSplits {
  const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / Math.max(1, num_workers)));
  const through = (part: SplitPart) => ({
    ...part,
    split: encodeWhileReading(part.split, encoder, { threads }),
  });
  const { train, val, test } = splits;
  return { train: through(train), val: through(val), test: test && through(test) };
}

/** What the dataset has to say, each line once. */
function noticesOf(splits: FoldSplits): string[] {
  return [...new Set(partsOf(splits).flatMap(({ notices = [] }) => notices))];
}

/** The splits that a fold uses. */
function partsOf({ train, val, test }: FoldSplits): Split[] {
  return [train, val, test].flatMap((part) => part?.split ?? []);
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
  { dataloading, data: { max_instances } }: ResolvedConfig,
  seed: number,
): Loader {
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
    const message = `expected one class a sample, "${split.name}" holds other targets`;
    throw new ConfigError([{ path: "dataloading.weighted_sampling", message }]);
  }
  return new Loader(split, {
    batchSize,
    weighted,
    maxInstances: training ? max_instances ?? undefined : undefined,
    dropLast,
    subset,
    seed,
    shuffle: training ? !weighted && dataloading.shuffle_train : dataloading.shuffle_eval,
    workers: dataloading.num_workers,
    prefetchFactor: dataloading.num_workers > 0 ? dataloading.prefetch_factor : undefined,
    reuseBuffers: true,
  });
}
