/**
 * Training from a config: the generic builder puts together what the config's keys name, and the
 * engine's trainer runs it, fold by fold.
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { DataError } from "../../engine/errors.ts";
import type { RunDone, TrainEvent } from "../../engine/train/events.ts";
import { loadInitialWeights } from "../../engine/train/init_checkpoint.ts";
import { Loader } from "../../engine/train/loader.ts";
import { parameterOptions } from "../../engine/train/parameter_options.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { trainFold, type TrainHooks, type TrainPlan } from "../../engine/train/trainer.ts";
import { loadStateDict } from "../../engine/storage/state_dict.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import type { Logger } from "../plugin.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { type BuildSources, create, createMetrics } from "./create.ts";
import { buildModel, foreignNames, parameterAliases } from "./model.ts";
import { groupName, runPath, runtimeInfo } from "./run_names.ts";
import { type FoldSplits, foldSplits, openSplits, type SplitPart } from "./splits.ts";

/** What training needs besides its config. */
export interface TrainOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Specifiers of the third-party plugin modules that were imported, for the records. */
  readonly plugins?: readonly string[];
  /** Stops the run between batches when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/** A run: one fold, or all folds of a cross-validation. */
interface Run {
  readonly sources: BuildSources;
  readonly options: TrainOptions;
  readonly group: string;
  /** Fold that goes on from its last checkpoint. */
  readonly resumed?: number;
  readonly firstFold: number;
  readonly seed: number;
}

/**
 * Trains what a config describes.
 * @param config A resolved config.
 * @param options Registry, events and the signal that stops the run.
 * @returns What each fold has come to.
 * @throws {ConfigError} if parts of the config do not fit each other.
 * @throws {DataError} if data cannot be used or files cannot be written.
 * @throws {TrainingError} if the loss stays NaN or infinite.
 */
export async function train(
  config: ResolvedConfig,
  options: TrainOptions = {},
): Promise<RunDone[]> {
  refuseUnsupported(config);
  const { training } = config;
  const run = {
    sources: { config, registry: options.registry ?? defaultRegistry },
    options,
    ...placeOf(config),
    seed: training.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1,
  };
  const results: RunDone[] = [];
  for (let fold = run.firstFold; fold < run.firstFold + foldsLeft(config, run); fold++) {
    results.push(await runFold(run, fold));
  }
  return results;
}

function foldsLeft({ training }: ResolvedConfig, { firstFold }: Pick<Run, "firstFold">): number {
  return training.cv_folds === 1 ? 1 : training.cv_folds - firstFold;
}

/** The group and the fold to start with: new ones, or those of the run that is resumed. */
function placeOf(config: ResolvedConfig): Pick<Run, "group" | "resumed" | "firstFold"> {
  const { training, data, logger } = config;
  if (training.resume === null) {
    const firstFold = training.cv_folds === 1 ? data.fold ?? 0 : 0;
    return { group: logger.group ?? groupName(config, new Date()), firstFold };
  }
  const directory = resolve(training.resume);
  const fold = Number(basename(directory));
  return { group: basename(dirname(directory)), firstFold: fold, resumed: fold };
}

function refuseUnsupported({ training, task }: ResolvedConfig): void {
  const issues = [];
  if (training.device !== "cpu") {
    issues.push({
      path: "training.device",
      message: `expected "cpu", received "${training.device}": this version trains on the CPU`,
    });
  }
  if (task.mixup) {
    issues.push({
      path: "task.mixup",
      message: "expected false, received true: features are not mixed in this version",
    });
  }
  if (issues.length > 0) throw new ConfigError(issues);
}

async function runFold(run: Run, fold: number): Promise<RunDone> {
  const { sources, options, seed } = run;
  const { config } = sources;
  const { data, training } = config;
  const root = data.data_root_dir ?? ".";
  const context = { data_root_dir: root, fold: data.fold ?? undefined };
  const dataset = create("dataset", context, sources);
  const splits = foldSplits(await openSplits(dataset), config, { fold, seed });
  const model = buildModel(sources, dataset, splits.train.split);
  const { metrics, notices } = createMetrics(dataset, sources);
  for (const message of notices) options.onEvent?.({ type: "notice", message });
  const { optimizer: { lr } } = config;
  const rules = parameterOptions(model.parameters, config.optimizer);
  const resume = run.resumed === fold;
  const path = resume ? training.resume! : runPath(config, run.group, fold);
  const plan: Omit<TrainPlan, "loaders" | "directory"> = {
    model,
    parameters: model.parameters,
    aliases: parameterAliases,
    optimizer: create("optimizer", { lr }, sources),
    parameterOptions: ({ name }) => rules.get(name)!,
    lr,
    schedule: create("scheduler", { epochs: training.epochs }, sources),
    metrics,
    metricMode: config.task.metric_computation_mode,
    logger: create("logger", {}, sources),
    epochs: training.epochs,
    seed,
    labelSmoothing: config.task.label_smoothing,
    clipNorm: training.gradient_clip_val ?? undefined,
    accumulate: training.gradient_accumulation_steps,
    sanitySteps: training.num_sanity_val_steps,
    bestMetric: training.best_checkpoint_metric ?? undefined,
    checkpoints: training.enable_checkpointing,
    fold: { index: fold, count: training.cv_folds },
    resume,
    initialize: initializer(config, model.parameters, options),
  };
  const directory = RunDirectory.create(path);
  await writeRecords(directory, run, resume);
  const loaders = openLoaders(splits, config, seed);
  try {
    return await logged(plan.logger, { ...plan, directory, loaders }, run);
  } finally {
    await Promise.all(Object.values(loaders).map((loader) => loader?.close()));
  }
}

/** Trains, and tells the logger how it began and ended. */
async function logged(
  logger: Logger,
  plan: TrainPlan,
  { sources, options }: Run,
): Promise<RunDone> {
  const { config } = sources;
  await logger.start({
    directory: plan.directory.path,
    config: { ...config },
    add_log: config.add_log,
  });
  const hooks: TrainHooks = { signal: options.signal, onEvent: options.onEvent };
  try {
    const done = await trainFold(plan, hooks);
    await logger.finish("finished");
    return done;
  } catch (error) {
    await logger.finish("failed");
    throw error;
  }
}

/** `config.json` as asked for, `resolved_config.json` as built, `runtime_info.json`. */
async function writeRecords(directory: RunDirectory, run: Run, resume: boolean): Promise<void> {
  const { sources: { config }, seed, group, options } = run;
  if (!resume) await directory.writeJson("config.json", config);
  await directory.writeJson("resolved_config.json", {
    ...config,
    training: { ...config.training, seed, resume: null },
    logger: { ...config.logger, group },
  });
  await directory.writeJson("runtime_info.json", runtimeInfo(new Date(), options.plugins ?? []));
}

function initializer(
  { training }: ResolvedConfig,
  parameters: TrainPlan["parameters"],
  { onEvent }: TrainOptions,
): TrainPlan["initialize"] {
  const file = training.init_checkpoint;
  if (file === null) return undefined;
  const tensors = loadStateDict(file);
  return (state) => {
    const unused = loadInitialWeights(state, tensors, { parameters, names: foreignNames, file });
    if (unused.length === 0) return;
    const names = unused.slice(0, 3).map((name) => `"${name}"`).join(", ");
    const message = `${unused.length} tensors of "${file}" have no place in the model: ${names}`;
    onEvent?.({ type: "notice", message: unused.length > 3 ? `${message}, …` : message });
  };
}

function openLoaders(splits: FoldSplits, config: ResolvedConfig, seed: number) {
  const { dataloading } = config;
  const shared = {
    seed,
    workers: dataloading.num_workers,
    prefetchFactor: dataloading.prefetch_factor,
    reuseBuffers: true,
  };
  const open = (part: SplitPart, training: boolean) =>
    new Loader(part.split, {
      ...shared,
      subset: part.subset,
      batchSize: training ? dataloading.batch_size : dataloading.eval_batch_size,
      shuffle: training ? dataloading.shuffle_train : dataloading.shuffle_eval,
      dropLast: training ? dataloading.drop_last_train : dataloading.drop_last_eval,
    });
  const loaders = {
    train: open(splits.train, true),
    val: open(splits.val, false),
    test: splits.test && open(splits.test, false),
  };
  for (const [name, loader] of Object.entries(loaders)) {
    if (loader?.batchesPerEpoch !== 0) continue;
    throw new DataError(
      `Cannot make batches of the ${name} split: dropping the last batch leaves none of its ` +
        `${loader.samples} samples`,
    );
  }
  return loaders;
}
