/**
 * Writes what a split has come to: its predictions as a table, and an evaluation of them.
 * @module
 */
import { join } from "node:path";
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { writeJsonAtomic } from "../../engine/storage/atomic.ts";
import type { Registry } from "../../registry/registry.ts";
import { evaluatePredictions } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";

/** What is written, and where. */
export interface EvaluationFile {
  /** Folder of the file. */
  readonly folder: string;
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
 * Evaluates predictions with labels, and writes `metrics_<split>.json`.
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
 * }, { folder, split: "test", registry });
 * const { metrics } = JSON.parse(await Deno.readTextFile(`${folder}/metrics_test.json`));
 * assertEquals(metrics.MAE.value, 0.5);
 * ```
 */
export async function writeEvaluation(
  predictions: Predictions,
  { folder, split, registry }: EvaluationFile,
): Promise<WrittenEvaluation> {
  if (predictions.labels === undefined) return { notices: [] };
  const { resamples, notices } = affordable(predictions, split);
  let evaluation: Evaluation;
  try {
    evaluation = evaluatePredictions(predictions, { registry, resamples });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { notices: [`no metrics_${split}.json: ${error.message}`] };
  }
  await writeJsonAtomic(join(folder, `metrics_${split}.json`), evaluation);
  return { evaluation, notices };
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
