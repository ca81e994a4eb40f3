/**
 * Training a point of a study: once, however often it is asked for.
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { firstLine } from "../../engine/first_line.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import { writeError } from "../../engine/storage/atomic.ts";
import { FileLock } from "../../engine/storage/lock.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import { type PlainObject, setAt } from "../../registry/config/objects.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { summarizeFold } from "../runs/fold_summary.ts";
import { train, type TrainedFold, type TrainOptions } from "../train/train.ts";
import type { StudyPoint } from "./points.ts";
import { otherConfig, type PointResult, readRecord, recordPaths, writeRecord } from "./records.ts";
import { configOf, type Study } from "./study.ts";

/** What came of asking for a point. */
export interface PointOutcome {
  /** Whether it was done before. */
  readonly kept: boolean;
  /** Its folds. */
  readonly results: readonly PointResult[];
}

/**
 * Trains a point: from its beginning, or from where it was stopped; not at all where it is done.
 * @param study The study.
 * @param point The point.
 * @param options As for training.
 * @returns What came of it.
 * @throws {DataError} if another process works on it, or it was made with another config.
 * @throws {ConfigError} if its config is wrong.
 * @throws {Error} what training throws, which is recorded.
 */
export async function runPoint(
  study: Study,
  point: StudyPoint,
  options: TrainOptions = {},
): Promise<PointOutcome> {
  const { folder, record: path, lock } = recordPaths(study, point);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  using _lock = FileLock.take(lock, `Cannot train "${point.name}": another process trains it`);
  const { tree, hash } = configOf(study, point);
  const before = readRecord(path);
  const changed = before !== undefined && before.config !== hash;
  const refusal = () => new DataError(`Cannot train "${point.name}": ${otherConfig(study, point)}`);
  if (changed && before.state !== "failed") throw refusal();
  if (before?.state === "done") return { kept: true, results: before.results ?? [] };
  if (changed && hasBegun(tree, options)) throw refusal();
  try {
    const { config, before: earlierFolds, ...prepared } = prepareRun(tree, options);
    await writeRecord(path, { state: "begun", config: hash });
    const folds = await train(config, prepared);
    const earlier = earlierFolds.map((directory) => readResult(directory, prepared.registry));
    const results = [...earlier, ...folds.map(resultOf)];
    await writeRecord(path, { state: "done", config: hash, results });
    return { kept: false, results };
  } catch (error) {
    // What was stopped goes on another time.
    if (!options.signal?.aborted) {
      await writeRecord(path, { state: "failed", config: hash, reason: firstLine(error) });
    }
    throw error;
  }
}

/** What is trained of a point. */
interface PreparedRun extends TrainOptions {
  readonly registry: Registry;
  /** Its config, which goes on where a run of it has begun. */
  readonly config: ResolvedConfig;
  /** Folds that are finished already. */
  readonly before: readonly RunDirectory[];
}

/** Whether there is a run that a change of its config would spoil. */
function hasBegun(tree: PlainObject, { registry = defaultRegistry }: TrainOptions): boolean {
  return begunFolds(resolveConfig({ file: tree }, registry).config).length > 0;
}

function prepareRun(tree: PlainObject, options: TrainOptions): PreparedRun {
  const { registry = defaultRegistry } = options;
  const begun = begunFolds(resolveConfig({ file: tree }, registry).config);
  const file = structuredClone(tree);
  const last = begun.at(-1);
  if (last !== undefined) setAt(file, ["training", "resume"], last.path);
  const { config, given, notices } = resolveConfig({ file }, registry);
  for (const message of notices) options.onEvent?.({ type: "notice", message });
  return { ...options, registry, given, config, before: begun.slice(0, -1) };
}

/** Directories of the folds that have begun, in their order. */
function begunFolds({ training, data, logger, exp_dir }: ResolvedConfig): RunDirectory[] {
  const group = join(exp_dir, data.dataset, logger.group!);
  const folds = training.cv_folds === 1
    ? [data.fold ?? 0]
    : Array.from({ length: training.cv_folds }, (_, fold) => fold);
  return folds.map((fold) => new RunDirectory(join(group, String(fold))))
    .filter((directory) => isFile(directory.file("resolvedConfig")));
}

function readResult(directory: RunDirectory, registry: Registry): PointResult {
  const { best, test } = summarizeFold(directory, registry);
  return {
    directory: directory.path,
    metric: best?.metric ?? "unknown",
    ...{ best: number(best?.value), test: number(test?.value) },
  };
}

function resultOf({ directory, bestMetric, bestValue, test }: TrainedFold): PointResult {
  const measured = test?.[bestMetric.replace(/^val_/, "test_")];
  return { directory, metric: bestMetric, best: number(bestValue), test: number(measured) };
}

/** JSON has no NaN. */
function number(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
