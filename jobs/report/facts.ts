/**
 * What a report shows, as plain data, before anything is drawn.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";
import type { MetricsFile } from "../../engine/train/run_directory.ts";
import type { PlainObject } from "../../registry/config/objects.ts";
import type { Evaluation, FoldsEvaluation } from "../evaluate/evaluation.ts";
import type { FoldSummary } from "../runs/fold_summary.ts";

/** Splits that a run leaves predictions of. */
export type SplitName = "val" | "test";

/** What a run says of a split. */
export interface SplitFacts {
  /** The evaluation that training has written, where there is one. */
  readonly written?: Evaluation;
  /** Its predictions; absent where the table is missing. */
  readonly predictions?: Predictions;
}

/** What a run directory holds. */
export interface RunFacts {
  /** Its path. */
  readonly path: string;
  /** What came of it. */
  readonly summary: FoldSummary;
  /** The config that it was run with. */
  readonly config: PlainObject;
  /** What ran it: versions, machine, times, data. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Numbers of its epochs. */
  readonly history: Pick<MetricsFile, "train" | "val">;
  /** Its predictions, by split. */
  readonly splits: Readonly<Partial<Record<SplitName, SplitFacts>>>;
}

/** A run, or the folds of a cross-validation: what one set of figures is about. */
export interface Subject {
  /** What tells it from the others: name of its group, and of its fold where that is not all. */
  readonly name: string;
  /** Path of the run, or of the group. */
  readonly path: string;
  /** Key of the dataset. */
  readonly dataset: string;
  /** The runs, in the order of their folds. */
  readonly runs: readonly RunFacts[];
  /** The split that is shown; absent where there is no evaluation of any. */
  readonly split?: SplitName;
  /** Evaluation of that split; of all folds together. */
  readonly evaluation?: Evaluation;
  /** Of a cross-validation: numbers over folds. */
  readonly folds?: FoldsEvaluation;
  /** Predictions of that split, run by run. */
  readonly predictions: readonly Predictions[];
  /** Name of the metric that stands first. */
  readonly headline?: string;
}

/** Everything that a report shows. */
export interface ReportFacts {
  /** Title of the page. */
  readonly title: string;
  /** The runs and groups, by the time of their start. */
  readonly subjects: readonly Subject[];
  /** Lines for the user: what is left out, and why. */
  readonly notices: readonly string[];
}

/** Estimates of a subject by metric: with their intervals, or as mean and deviation over folds. */
export interface HeadlineNumber {
  /** Name of the metric. */
  readonly name: string;
  /** The number. */
  readonly value: number | null;
  /** Lower end of what is drawn beside it. */
  readonly low: number | null;
  /** Upper end. */
  readonly high: number | null;
  /** Deviation over folds; absent where there is one run. */
  readonly sd?: number | null;
}

/**
 * The metrics of a subject, the most important one first.
 * @param subject The subject.
 * @returns Of one run with bootstrap intervals, of folds mean ± standard deviation.
 *
 * @example A run without an evaluation
 * ```ts
 * import { headlineNumbers } from "./facts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(headlineNumbers({}), []);
 * ```
 */
export function headlineNumbers(
  { evaluation, folds, headline }: Pick<Subject, "evaluation" | "folds" | "headline">,
): HeadlineNumber[] {
  const names = Object.keys(evaluation?.metrics ?? {});
  const sorted = [...names].sort((a, b) => Number(b === headline) - Number(a === headline));
  return sorted.map((name) => {
    const fold = folds?.metrics[name];
    if (fold === undefined) {
      const { value, low, high } = evaluation!.metrics[name];
      return { name, value, low, high };
    }
    const { mean, sd } = fold;
    const isSpread = mean !== null && sd !== null;
    return {
      name,
      value: mean,
      low: isSpread ? mean - sd : null,
      high: isSpread ? mean + sd : null,
      sd,
    };
  });
}
