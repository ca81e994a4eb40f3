/**
 * Training from a config: the generic builder puts together what the config's keys name, and the
 * engine's trainer runs it, fold by fold.
 * @module
 */
import { join } from "node:path";
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import type { Device } from "../../engine/runtime/session_options.ts";
import { chooseDevice } from "../../engine/runtime/device.ts";
import { firstLine } from "../../engine/first_line.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import type { EpochDone, RunDone, TrainEvent } from "../../engine/train/events.ts";
import type { ParameterCount } from "../../engine/train/parameter_counts.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import { FoldTrainer } from "../../engine/train/trainer.ts";
import { FieldUse } from "../../registry/config/field_use.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import { isPlanLog } from "../../registry/config/plan_log.ts";
import type { Resolution } from "../../registry/config/resolve.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import { ConfigError } from "../../registry/errors.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { SLOTS } from "../../registry/slots.ts";
import { planFold } from "../../registry/builder/fold.ts";
import { type ConfigInput, resolveConfigInput } from "../../registry/builder/config_input.ts";
import { writeEvaluation, writeFolds } from "../evaluate/write_evaluation.ts";
import { writePredictions } from "../predict/write_predictions.ts";
import { placeOf, type RunParts, runtimeInfo } from "../runs/run_names.ts";
import { addPluginHint } from "../runs/run_plugins.ts";
import { compareData } from "../runs/same_data.ts";
import { earlierEpochs, logResults, runInfo } from "./_logging.ts";

/**
 * What training needs besides its config.
 * @category Training
 */
export interface TrainOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Specifiers of the third-party plugin modules that were imported, for the records. */
  readonly plugins?: readonly string[];
  /**
   * Dotted paths of the fields that somebody set, which are told if nothing uses them. Where they are
   * not given, those of the parts; of a resolved config those that differ from their defaults.
   */
  readonly given?: readonly string[];
  /** Stops the run between batches when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/**
 * Numbers of one epoch.
 * @category Training
 */
export type EpochNumbers = Pick<EpochDone, "epoch" | "lr" | "train" | "val">;

/**
 * What a fold has come to.
 * @category Training
 */
export interface TrainedFold extends RunDone {
  /** Numbers of all epochs, those before a run was resumed among them. */
  readonly history: readonly EpochNumbers[];
  /** Trainable and all parameters of encoder, PEFT method and head, as far as they have any. */
  readonly parameterCounts: readonly ParameterCount[];
}

/**
 * Trains what a config describes: one fold, or all folds of a cross-validation. Prints nothing.
 * @param given A resolved config, or parts of one.
 * @param options Registry, events and the signal that stops the run.
 * @returns What each fold has come to.
 * @throws {ConfigError} if the config is wrong, or its parts do not fit each other.
 * @throws {DataError} if data cannot be used or files cannot be written.
 * @throws {TrainingError} if the loss stays NaN or infinite.
 * @throws {PluginError} if a plugin is broken.
 * @throws {PartError} if that shows later, in a graph or on a thread that reads.
 *
 * @example Two epochs on a file of features
 * ```ts
 * import { configure, precomputed, precomputedFeatures, train } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 0, 0, 1), [0, 1]); // two samples, of class 0 and 1
 * writer.close();
 *
 * const [run] = await train([
 *   configure(precomputedFeatures, {
 *     num_classes: 2,
 *     train_features_file: file,
 *     val_features_file: file,
 *   }),
 *   configure(precomputed, { feature_dim: 2 }),
 *   { training: { epochs: 2 }, exp_dir: folder },
 * ]);
 * assertEquals([run.bestMetric, run.history.length], ["val_Accuracy", 2]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Training
 */
export async function train(
  given: ConfigInput,
  options: TrainOptions = {},
): Promise<TrainedFold[]> {
  const { registry = defaultRegistry, signal } = options;
  const resolution = resolveConfigInput(given, registry);
  const use = new FieldUse(resolution.config, asked(resolution, options));
  const { config } = use;
  const notify = notifier(options);
  refuseUnsupported(config);
  const place = placeOf(config);
  const seed = config.training.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
  notify(resolution.notices);
  const results: TrainedFold[] = [];
  const tested: Predictions[] = [];
  for (const fold of place.folds) {
    signal?.throwIfAborted();
    const { notice, ...where } = place.fold(fold);
    if (notice !== undefined) notify([notice]);
    const run = { index: fold, seed, ...where };
    const { plan: planned, notices } = await planFold({ config, registry }, run).catch((error) => {
      const { directory, resume } = run;
      throw resume ? addPluginHint(error, { directory, tree: config, registry }) : error;
    });
    notify(notices);
    const plan = await onDevice(planned, config, notify).catch(async (error) => {
      await closeLoaders(planned);
      throw error;
    });
    const onReady = () => results.length > 0 || notify(use.notices(isReadBeforeRun));
    results.push(
      await runFold(plan, resolution.config, { ...options, use, notify, onReady, tested }),
    );
  }
  if (tested.length > 1 && tested.length === config.training.cv_folds) {
    notify(await writeFolds(tested, { folder: join(results[0].directory, ".."), registry }));
  }
  notify(use.notices((path) => !isReadBeforeRun(path)));
  return results;
}

/** Fields that somebody set; the reasons of a plan are none that a run has to use. */
function asked({ config, given }: Resolution, options: TrainOptions): string[] {
  const planned = isPlanLog(config.add_log);
  return (options.given ?? given).filter((path) => !(planned && path === "add_log"));
}

/** Loggers may wait for what they are told before they read their options. */
function isReadBeforeRun(path: string): boolean {
  return !path.startsWith(`${SLOTS.logger.section}.`);
}

/** Epochs whose learning rates are asked for beforehand, so that schedules read their options. */
const PROBED_EPOCHS = 1000;

/** Tells lines to the user, each of them once. */
function notifier({ onEvent }: TrainOptions): FoldOptions["notify"] {
  const told = new Set<string>();
  return (lines) => {
    for (const message of lines) {
      if (!told.has(message)) onEvent?.({ type: "notice", message });
      told.add(message);
    }
  };
}

function refuseUnsupported({ training: { device } }: ResolvedConfig): void {
  if (device !== "cuda") return;
  const hint = `: ${NOT_ON_CUDA}`;
  throw new ConfigError([
    expectedIssue("training.device", '"auto", "cpu" or "webgpu"', device, hint),
  ]);
}

const NOT_ON_CUDA = "CUDA runs extraction and infer; in training, all parameters would be copied " +
  "there and back in every step";

/** The plan on the device that the config asks for. */
async function onDevice(
  plan: TrainPlan,
  { training, peft }: ResolvedConfig,
  notify: FoldOptions["notify"],
): Promise<TrainPlan> {
  const watched = plan.stepHook &&
    `peft.method ${peft.method} looks at the parameters after every update, which it does on the CPU`;
  const unfit = { cuda: NOT_ON_CUDA, ...(watched && { webgpu: watched }) };
  const { device, automatic, notice } = await chooseDevice({ device: training.device, unfit });
  if (notice !== undefined) notify([notice]);
  if (device !== "webgpu") return plan;
  return { ...plan, device: { device, automatic, check: training.device_check } };
}

/** What running a fold needs besides its plan and its config. */
interface FoldOptions extends TrainOptions {
  /** Notices which fields of the config are used. */
  readonly use: FieldUse<ResolvedConfig>;
  /** Tells lines to the user. */
  readonly notify: (lines: readonly string[]) => void;
  /** Takes the predictions of test splits. */
  readonly tested: Predictions[];
  /** Called when everything is ready: graphs are built, and nothing is trained yet. */
  readonly onReady: () => void;
}

/** Trains a fold. Its files are written once everything is ready. */
async function runFold(
  plan: TrainPlan,
  config: ResolvedConfig,
  options: FoldOptions,
): Promise<TrainedFold> {
  const { directory, logger, schedule, epochs, resume } = plan;
  const { registry = defaultRegistry } = options;
  const history: EpochNumbers[] = [];
  const onEvent = (event: TrainEvent) => {
    if (event.type === "run") history.push(...earlierEpochs(plan, event.firstEpoch));
    if (event.type === "epoch") history.push(numbersOf(event));
    options.onEvent?.(event);
  };
  using held = new DisposableStack();
  try {
    if (resume) {
      held.use(directory.take());
      const { data = {} } = plan;
      options.notify(
        compareData({ directory, data, anyway: options.use.config.training.resume_anyway }),
      );
    }
    await using trainer = await FoldTrainer.create(plan, { ...options, onEvent });
    if (!resume) held.use(takeNew(directory));
    const started = performance.now();
    const { parameterCounts } = trainer;
    const runtime = await writeRecords(plan, config, { ...options, parameterCounts });
    await logger.start(runInfo(plan, config, { ...options, runtime, epochs: trainer.firstEpoch }));
    for (let epoch = 0; epoch < Math.min(epochs, PROBED_EPOCHS); epoch++) schedule.factor(epoch);
    const { result_plot: plots } = options.use.config.task;
    options.onReady();
    const done = await trainer.run().catch(async (error) => {
      await finishFailed(logger);
      throw error;
    });
    for (const [name, predictions] of trainer.predictions) {
      await writePredictions(join(directory.path, `predictions_${name}.csv`), predictions);
      if (name === "test") options.tested.push(predictions);
      const path = join(directory.path, `metrics_${name}.json`);
      const place = { path, split: name, registry };
      options.notify((await writeEvaluation(predictions, place)).notices);
    }
    if (plots !== null) await drawPlots(plan, done, { ...options, plots });
    if (logger.artifact) await writeReport(plan, options);
    await logResults(plan, done);
    await logger.finish("finished");
    // What ran before a run was resumed has not been measured.
    const seconds = (performance.now() - started) / 1000;
    await record(directory, { device: trainer.device, ...(!resume && { seconds }) });
    return { ...done, history, parameterCounts };
  } finally {
    await closeLoaders(plan);
  }
}

async function closeLoaders({ loaders }: Pick<TrainPlan, "loaders">): Promise<void> {
  await Promise.all(Object.values(loaders).map((loader) => loader?.close()));
}

/** Draws the figures that `task.result_plot` asks for; a finished run does not fail by them. */
async function drawPlots(
  { directory, logger }: TrainPlan,
  { bestEpoch }: RunDone,
  { plots, registry = defaultRegistry, notify }: FoldOptions & { readonly plots: "val" | "all" },
): Promise<void> {
  const plotter = await import("../report/plots.ts");
  try {
    const splits = plots === "all" ? ["val", "test"] as const : ["val"] as const;
    const onImage = (name: string, png: Uint8Array<ArrayBuffer>) =>
      logger.logImage?.(bestEpoch, name, png);
    notify(await plotter.drawPlots(directory.path, { splits, registry, onImage }));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    notify([`the figures of "${directory.path}" are not drawn: ${firstLine(error)}`]);
  }
}

/** Writes the report that loggers take as a file; a finished run does not fail by it. */
async function writeReport(
  { directory }: TrainPlan,
  { registry = defaultRegistry, notify }: FoldOptions,
): Promise<void> {
  const { report } = await import("../report/report.ts");
  try {
    await report([directory.path], { output: null, format: "html", split: null }, { registry });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    notify([`no report of "${directory.path}": ${firstLine(error)}`]);
  }
}

/** Takes a directory that no other process has made a run of since it was found to be free. */
function takeNew(directory: RunDirectory): Disposable {
  const lock = directory.take();
  if (!directory.occupied) return lock;
  lock.release();
  const { path } = directory;
  throw new DataError(`Cannot train in "${path}": another process has trained a run there`, {
    file: path,
  });
}

/** What has gone wrong before is what the user is told, whatever the logger makes of it. */
async function finishFailed(logger: TrainPlan["logger"]): Promise<void> {
  try {
    await logger.finish("failed");
  } catch {
    // The run has failed already.
  }
}

function numbersOf({ epoch, lr, train, val }: EpochNumbers): EpochNumbers {
  return { epoch, lr, train, val };
}

/** The config as asked for and as built, and what ran it, which is returned. */
async function writeRecords(
  { directory, resume, seed, origin, data, splits, found, classNames, sampleIds }: TrainPlan,
  config: ResolvedConfig,
  { plugins = [], parameterCounts }: TrainOptions & Pick<TrainedFold, "parameterCounts">,
): Promise<ReturnType<typeof runtimeInfo>> {
  const own = { resume: null, resume_anyway: false };
  const asked = { ...config, training: { ...config.training, ...own } };
  const built = {
    ...asked,
    data: { ...asked.data, ...found },
    training: { ...asked.training, seed },
  };
  const begun = config.training.resume !== null && isFile(directory.file("config"));
  if (!resume && !begun) await directory.write("config", asked);
  await directory.write("resolvedConfig", built);
  const parts = {
    plugins,
    features: origin,
    data,
    splits,
    class_names: classNames,
    parameters: recordedCounts(parameterCounts),
  };
  const runtime = runtimeInfo(new Date(), parts);
  await directory.write("runtimeInfo", runtime);
  if (sampleIds !== undefined) await directory.write("splits", sampleIds);
  return runtime;
}

/** Counts by group, as `runtime_info.json` holds them. */
function recordedCounts(counts: readonly ParameterCount[]): RunParts["parameters"] {
  return Object.fromEntries(
    counts.map(({ group, trainable, total }) => [group, { trainable, total }]),
  );
}

/** Adds to what ran the run what is known when it is done: where, and how long it took. */
async function record(
  directory: RunDirectory,
  facts: { readonly device: Device; readonly seconds?: number },
): Promise<void> {
  await directory.write("runtimeInfo", { ...directory.readRuntimeInfo(), ...facts });
}
