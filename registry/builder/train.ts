/**
 * Training from a config: the generic builder puts together what the config's keys name, and the
 * engine's trainer runs it, fold by fold.
 * @module
 */
import type { RunDone, TrainEvent } from "../../engine/train/events.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import { FoldTrainer } from "../../engine/train/trainer.ts";
import { expectedIssue } from "../config/issues.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { planFold } from "./fold.ts";
import { placeOf, runtimeInfo } from "./run_names.ts";

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

/**
 * Trains what a config describes: one fold, or all folds of a cross-validation.
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
  const place = placeOf(config);
  const sources = { config, registry: options.registry ?? defaultRegistry };
  const seed = config.training.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
  const told = new Set(ineffective(config));
  for (const message of told) options.onEvent?.({ type: "notice", message });
  const results: RunDone[] = [];
  for (const fold of place.folds) {
    options.signal?.throwIfAborted();
    const { plan, notices } = await planFold(sources, { index: fold, seed, ...place.fold(fold) });
    for (const message of notices) {
      if (!told.has(message)) options.onEvent?.({ type: "notice", message });
      told.add(message);
    }
    results.push(await runFold(plan, config, options));
  }
  return results;
}

function refuseUnsupported({ training, task }: ResolvedConfig): void {
  const issues = [];
  if (training.device !== "cpu") {
    const hint = ": this version trains on the CPU";
    issues.push(expectedIssue("training.device", '"cpu"', training.device, hint));
  }
  if (task.mixup) {
    const hint = ": features are not mixed in this version";
    issues.push(expectedIssue("task.mixup", "false", task.mixup, hint));
  }
  if (issues.length > 0) throw new ConfigError(issues);
}

/** Lines on fields that ask for what this version does not do, and can do without. */
function ineffective({ training, task }: ResolvedConfig): string[] {
  const notices = [];
  if (training.precision !== "no") {
    notices.push(`training.precision "${training.precision}" has no effect: float32 is used`);
  }
  if (task.result_plot !== null) {
    notices.push(`task.result_plot "${task.result_plot}" has no effect: nothing is plotted`);
  }
  return notices;
}

/** Trains a fold. Its files are written once everything is ready. */
async function runFold(
  plan: TrainPlan,
  config: ResolvedConfig,
  options: TrainOptions,
): Promise<RunDone> {
  const { directory: { path }, loaders, logger } = plan;
  try {
    await using trainer = await FoldTrainer.create(plan, options);
    await writeRecords(plan, config, options);
    await logger.start({ directory: path, config: { ...config }, add_log: config.add_log });
    try {
      const done = await trainer.run();
      await logger.finish("finished");
      return done;
    } catch (error) {
      await logger.finish("failed");
      throw error;
    }
  } finally {
    await Promise.all(Object.values(loaders).map((loader) => loader?.close()));
  }
}

/** `config.json` as asked for, `resolved_config.json` as built, `runtime_info.json`. */
async function writeRecords(
  { directory, resume, seed }: TrainPlan,
  config: ResolvedConfig,
  { plugins = [] }: TrainOptions,
): Promise<void> {
  directory.make();
  const asked = { ...config, training: { ...config.training, resume: null } };
  const built = { ...asked, training: { ...asked.training, seed } };
  if (!resume) await directory.writeJson("config.json", asked);
  await directory.writeJson("resolved_config.json", built);
  await directory.writeJson("runtime_info.json", runtimeInfo(new Date(), plugins));
}
