/**
 * Writes what a split has come to: its predictions as a table, and an evaluation of them.
 * @module
 */
import { basename, join } from "node:path";
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { removeQuietly, writeJsonAtomic } from "../../engine/storage/atomic.ts";
import type { Registry } from "../../registry/registry.ts";
import { evaluatePredictions } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { evaluateFolds } from "./folds.ts";

/** What is written, and where. */
export interface EvaluationFile {
  /** The file. */
  readonly path: string;
  /** What is predicted: a split, or `all`. */
  readonly split: string;
  /** Where metrics are looked up. */
  readonly registry: Registry;
}

/** What an evaluation has come to. */
export interface WrittenEvaluation {
  /** The evaluation; absent where there is none. */
  readonly evaluation?: Evaluation;
  /** Lines for the user: why there is none. */
  readonly notices: readonly string[];
}

/**
 * Evaluates predictions with labels, and writes the evaluation as JSON. Without labels, an evaluation
 * of other predictions that has the name is removed.
 * @param predictions The predictions.
 * @param place Where the file goes.
 * @returns The evaluation; none without labels, or where a score is not a number, which a note says.
 * @throws {DataError} if the file cannot be written.
 *
 * @example Two samples
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { registry } from "../../registry/registry.ts";
 * import "../../plugins/mod.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await writeEvaluation({
 *   ...{ task: "Regression", subtask: "regression", numClasses: 1, ids: ["a", "b"] },
 *   labels: { values: Float32Array.of(1, 2), width: 1 },
 *   scores: Float32Array.of(1, 3),
 * }, { path: `${folder}/metrics_test.json`, split: "test", registry });
 * const { metrics } = JSON.parse(await Deno.readTextFile(`${folder}/metrics_test.json`));
 * assertEquals(metrics.MAE.value, 0.5);
 * ```
 */
export async function writeEvaluation(
  predictions: Predictions,
  { path, split, registry }: EvaluationFile,
): Promise<WrittenEvaluation> {
  if (predictions.labels === undefined) {
    removeQuietly(path);
    return { notices: [] };
  }
  const { resamples, notices } = affordable(predictions, split);
  let evaluation: Evaluation;
  try {
    evaluation = evaluatePredictions(predictions, { registry, resamples });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    removeQuietly(path);
    return { notices: [`no ${basename(path)}: ${error.message}`] };
  }
  await writeJsonAtomic(path, evaluation);
  return { evaluation, notices };
}

/** Name of the file of a cross-validation, beside the folders of its folds. */
const FOLDS_FILE = "metrics_folds.json";

/**
 * Evaluates the test predictions of a cross-validation, and writes `metrics_folds.json`: mean and
 * standard deviation over folds, and the value of all predictions together.
 * @param folds Test predictions of each fold, with labels.
 * @param place Folder of the group, and where metrics are looked up.
 * @returns Lines for the user: why there is no file.
 * @throws {DataError} if the file cannot be written.
 *
 * @example Two folds
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { registry } from "../../registry/registry.ts";
 * import "../../plugins/mod.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const folds = [1, 3].map((error) => ({
 *   ...{ ...task, ids: [`${error}`, `${error}b`] },
 *   labels: { values: Float32Array.of(0, 0), width: 1 },
 *   scores: Float32Array.of(error, error),
 * }));
 * await writeFolds(folds, { folder, registry });
 * const { metrics } = JSON.parse(await Deno.readTextFile(`${folder}/metrics_folds.json`));
 * assertEquals([metrics.MAE.mean, metrics.MAE.pooled.value], [2, 2]);
 * ```
 */
export async function writeFolds(
  folds: readonly Predictions[],
  { folder, registry }: { readonly folder: string; readonly registry: Registry },
): Promise<readonly string[]> {
  const all = folds.flatMap(({ scores }) => [...scores]);
  const { resamples, notices } = affordable(
    { ...folds[0], scores: Float32Array.from(all) },
    "test",
  );
  try {
    const evaluation = evaluateFolds(folds, { registry, resamples });
    await writeJsonAtomic(join(folder, FOLDS_FILE), evaluation);
    return notices;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [`no ${FOLDS_FILE}: ${error.message}`];
  }
}

/** Resamples that intervals are made of. */
const RESAMPLES = 1000;
/** Fewer resamples than this give no interval worth the name. */
const FEWEST = 100;
/** Scores that may be drawn in all: about half a minute. */
const MOST_DRAWN = 5e8;

/** As many resamples as half a minute allows, and a line where these are fewer than usual. */
function affordable(
  { scores }: Predictions,
  split: string,
): { readonly resamples: number; readonly notices: readonly string[] } {
  const most = Math.floor(MOST_DRAWN / Math.max(1, scores.length));
  if (most >= RESAMPLES) return { resamples: RESAMPLES, notices: [] };
  const resamples = Math.max(FEWEST, most);
  const message =
    `intervals of the ${split} split are made of ${resamples} resamples, since it has ` +
    `${scores.length} scores`;
  return { resamples, notices: [message] };
}
