/**
 * Predictions as a table: a row for each sample, columns for what is known and what is predicted.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";

/** A cell: nothing, text or a number. */
export type Cell = string | number | undefined;

/** Predictions as columns by name. */
export type PredictionTable = ReadonlyMap<string, readonly Cell[]>;

/** A probability above this counts as predicted, where several labels may be true. */
export const THRESHOLD = 0.5;

/**
 * The class that is predicted for each sample of a multiclass task: the most probable one, the first
 * of several.
 * @param predictions The predictions.
 *
 * @example The second of two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const scores = Float32Array.of(0.3, 0.7);
 * assertEquals([...predictedClasses({ ...task, ids: ["a"], scores })], [1]);
 * ```
 */
export function predictedClasses({ ids, scores, numClasses }: Predictions): Int32Array {
  return Int32Array.from(ids, (_, sample) => {
    const row = scores.subarray(sample * numClasses, (sample + 1) * numClasses);
    return row.reduce((best, score, at) => score > row[best] ? at : best, 0);
  });
}

/**
 * Lays predictions out: `id`; `patient` and `split` where they are known; for classes `label`, `label_name`,
 * `predicted`, `predicted_name` and `prob_<class>`; for several labels per sample the same for each of
 * them; for regression `label` and `value`. Columns of what is not known are absent. Predictions of
 * an ensemble have `sd_<class>`, the standard deviation over its models.
 * @param predictions The predictions.
 *
 * @example Two classes with names
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = predictionTable({
 *   ...{ task: "Classification", subtask: "multiclass", numClasses: 2, classNames: ["a", "b"] },
 *   ids: ["s"],
 *   scores: Float32Array.of(0.25, 0.75),
 * });
 * assertEquals(Object.fromEntries(table), {
 *   id: ["s"],
 *   predicted: [1],
 *   predicted_name: ["b"],
 *   prob_a: [0.25],
 *   prob_b: [0.75],
 * });
 * ```
 */
export function predictionTable(predictions: Predictions): PredictionTable {
  const { ids, patients, splits, subtask } = predictions;
  return new Map<string, readonly Cell[]>([
    ["id", ids],
    ...(patients ? [["patient", patients] as const] : []),
    ...(splits ? [["split", splits] as const] : []),
    ...(subtask === "multiclass" ? classColumns(predictions) : targetColumns(predictions)),
  ]);
}

/**
 * Predictions as CSV: a line of names, and a line for each sample.
 * @param predictions The predictions.
 *
 * @example One sample
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * const text = predictionCsv({ ...task, ids: ["a"], scores: Float32Array.of(0.5) });
 * assertEquals(text, "id,value\na,0.5\n");
 * ```
 */
export function predictionCsv(predictions: Predictions): string {
  const table = predictionTable(predictions);
  const columns = [...table.values()];
  const rows = predictions.ids.map((_, row) => columns.map((column) => quoted(column[row])));
  return [[...table.keys()].map(quoted), ...rows].map((cells) => cells.join(",") + "\n").join("");
}

function quoted(cell: Cell): string {
  const text = String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type Column = readonly [string, readonly Cell[]];

function classColumns(predictions: Predictions): Column[] {
  const { labels, classNames, numClasses } = predictions;
  const predicted = [...predictedClasses(predictions)];
  const named = (name: string, classes: readonly number[]): Column[] => [
    [name, classes],
    ...(classNames ? [[`${name}_name`, classes.map((index) => classNames[index])] as const] : []),
  ];
  const names = classNames ?? Array.from({ length: numClasses }, (_, index) => String(index));
  return [
    ...(labels ? named("label", [...labels.values]) : []),
    ...named("predicted", predicted),
    ...scoreColumns(predictions, "prob", names),
  ];
}

/** Columns of several labels per sample, or of numbers. */
function targetColumns(predictions: Predictions): Column[] {
  const { labels, classNames, numClasses, scores, subtask } = predictions;
  const single = numClasses === 1;
  const names = classNames ?? Array.from({ length: numClasses }, (_, index) => String(index));
  const column = (prefix: string, at: number) => single ? prefix : `${prefix}_${names[at]}`;
  const known = labels
    ? names.map((_, at): Column => [column("label", at), every(labels.values, numClasses, at)])
    : [];
  if (subtask === "regression") {
    const values = names.map((_, at): Column => [
      column("value", at),
      every(scores, numClasses, at).map(shortest),
    ]);
    return [...known, ...values, ...spreadColumns(predictions, names)];
  }
  const predicted = names.map((_, at): Column => [
    column("predicted", at),
    every(scores, numClasses, at).map((score) => Number(score > THRESHOLD)),
  ]);
  return [...known, ...predicted, ...scoreColumns(predictions, "prob", names)];
}

function scoreColumns(
  predictions: Predictions,
  prefix: string,
  names: readonly string[],
): Column[] {
  const { scores, numClasses } = predictions;
  const columns = names.map((name, at): Column => [
    `${prefix}_${name}`,
    every(scores, numClasses, at).map(shortest),
  ]);
  return [...columns, ...spreadColumns(predictions, names)];
}

function spreadColumns({ spread, numClasses }: Predictions, names: readonly string[]): Column[] {
  if (spread === undefined) return [];
  return names.map((name, at) => [
    numClasses === 1 ? "sd" : `sd_${name}`,
    every(spread, numClasses, at).map(shortest),
  ]);
}

/** Every value of a column of a row-major matrix. */
function every(values: Int32Array | Float32Array, width: number, at: number): number[] {
  return Array.from(
    { length: values.length / width },
    (_, row) => values[row * width + at],
  );
}

/** The number with the fewest digits that is the same float32. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}
