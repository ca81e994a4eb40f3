/**
 * Labels as tables have them, as classes, several binary targets, or numbers.
 * @module
 */
import type { Labels } from "../data/data.ts";
import { DataError } from "../errors.ts";
import { quoted, shown } from "../storage/table.ts";
import type { SlideRow, SlideTable } from "./slide_table.ts";

/**
 * What labels are.
 * @category Slides
 */
export interface TargetOptions {
  /** Whether labels are numbers to be predicted. */
  readonly task: "Classification" | "Regression";
  /** Names of the classes, in their order; the sorted labels where `null`. @default {null} */
  readonly class_names?: readonly string[] | null;
  /** Whether rows with other labels are left out. @default {false} */
  readonly ignore_labels?: boolean;
}

/**
 * How labels become targets.
 * @category Slides
 */
export interface TargetEncoding {
  /** Encoding of the targets. */
  readonly subtask: "multiclass" | "multilabel" | "regression";
  /** Classes, or predicted values. */
  readonly numClasses: number;
  /** Names of the classes, or of the predicted values. */
  readonly names: readonly string[];
  /**
   * The targets of a row.
   * @returns One number for each target; `undefined` for a label that is to be ignored, or is missing.
   * @throws {DataError} if a label is none of those that are expected.
   */
  encode(row: SlideRow): readonly number[] | undefined;
}

/** Words for a binary label. */
const BINARY: Readonly<Record<string, number>> = {
  "0": 0,
  "1": 1,
  "0.0": 0,
  "1.0": 1,
  false: 0,
  true: 1,
  no: 0,
  yes: 1,
  neg: 0,
  pos: 1,
  negative: 0,
  positive: 1,
};

/** A number as tables write it. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Decides how the labels of a table become targets: one column of labels is classes, several are
 * binary targets, and for regression each column is a number.
 * @param table The table.
 * @param options What labels are.
 * @throws {DataError} if the table has fewer than two classes.
 *
 * @example Classes in the order of their names
 * ```ts
 * import { targetEncoding } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const row = (label: string) => ({ slide: "s", patient: "p", labels: [label], place: "line 2" });
 * const rows = [row("tumor"), row("normal")];
 * const table = { file: "a.csv", labelColumns: ["label"], hasPatients: true, rows, notices: [] };
 * const { names, encode } = targetEncoding(table, { task: "Classification" });
 * assertEquals([names, rows.map(encode)], [["normal", "tumor"], [[1], [0]]]);
 * ```
 *
 * @category Slides
 */
export function targetEncoding(table: SlideTable, options: TargetOptions): TargetEncoding {
  const { file, labelColumns } = table;
  if (options.task === "Regression") {
    const encode = (row: SlideRow) => encodeEach(row, table, numberOf);
    return { subtask: "regression", numClasses: labelColumns.length, names: labelColumns, encode };
  }
  if (labelColumns.length > 1) {
    const encode = (row: SlideRow) => encodeEach(row, table, (text) => BINARY[text.toLowerCase()]);
    return { subtask: "multilabel", numClasses: labelColumns.length, names: labelColumns, encode };
  }
  const names = options.class_names?.map((name) => name.trim().normalize("NFC")) ??
    classNames(table);
  if (names.length < 2) {
    const state = `column ${shown(labelColumns[0])} has one class only, ${quoted(names)}`;
    throw new DataError(`Cannot use "${file}": ${state}`, { file });
  }
  const encode = (row: SlideRow) => {
    const [label] = row.labels;
    if (label === undefined) return undefined;
    const index = names.indexOf(label);
    if (index >= 0) return [index];
    if (options.ignore_labels) return undefined;
    throw new DataError(
      `Cannot use "${file}": the label of ${shown(row.slide)} (${row.place}) is ${shown(label)}, ` +
        `which is not among data.class_names ${quoted(names)}; data.ignore_labels leaves it out`,
      { file },
    );
  };
  return { subtask: "multiclass", numClasses: names.length, names, encode };
}

/** The labels that occur: as numbers where all of them are, else by their letters. */
function classNames({ rows }: SlideTable): string[] {
  const found = [...new Set(rows.flatMap(({ labels: [label] }) => label ?? []))];
  return found.every((name) => NUMBER.test(name))
    ? found.sort((a, b) => Number(a) - Number(b))
    : found.sort();
}

function encodeEach(
  row: SlideRow,
  { file, labelColumns }: SlideTable,
  encode: (text: string) => number | undefined,
): number[] | undefined {
  if (row.labels.some((label) => label === undefined)) return undefined;
  return row.labels.map((label, at) => {
    const value = encode(label!);
    if (value !== undefined) return value;
    const expected = encode === numberOf ? "a number" : "0 or 1";
    throw new DataError(
      `Cannot use "${file}": ${shown(labelColumns[at])} of ${shown(row.slide)} (${row.place}) is ` +
        `${shown(label!)}, expected ${expected}`,
      { file },
    );
  });
}

function numberOf(text: string): number | undefined {
  return NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/**
 * Puts targets together.
 * @param targets Of each sample.
 * @param encoding How they were made.
 *
 * @example Two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { values, width } = labelsOf([[1], [0]], { subtask: "multiclass", numClasses: 2 });
 * assertEquals([[...values], width], [[1, 0], 1]);
 * ```
 */
export function labelsOf(
  targets: readonly (readonly number[])[],
  { subtask, numClasses }: Pick<TargetEncoding, "subtask" | "numClasses">,
): Labels {
  return subtask === "multiclass"
    ? { values: Int32Array.from(targets.flat()), width: 1 }
    : { values: Float32Array.from(targets.flat()), width: numClasses };
}
