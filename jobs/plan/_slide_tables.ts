/**
 * What a plan finds in the tables of slides: columns and splits.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sideOf } from "../../engine/slides/slide_splits.ts";
import { readSlideTable, type TableOptions } from "../../engine/slides/slide_table.ts";
import { UndecidedError } from "../../engine/slides/undecided.ts";
import { hasFolds, readSplitFile } from "../../engine/slides/split_file.ts";
import type { PlainObject } from "../../registry/config/objects.ts";
import type { Decision } from "./decision.ts";
import { needs, oneOf } from "./_needs.ts";

/** Ends of the names of tables. */
const TABLE = /\.(csv|tsv|xlsx)$/i;
/** Below this, a test set of a fifth says nothing. */
const ENOUGH_TO_TEST = 10;

/** A column of splits, and how many there are alike. */
interface SplitColumns {
  readonly column: string;
  readonly folds: number;
}

/**
 * Finds columns and splits.
 * @param data The options of the dataset that somebody set.
 * @param folds Number of folds, where it was asked for.
 */
export async function decideTables(
  data: Readonly<PlainObject>,
  folds: number | undefined,
): Promise<Decision[]> {
  const options = tableOptions(data);
  const table = await readSlideTable(options);
  const { slideColumn, patientColumn, labelColumns, splitColumns: found = [] } = table;
  const file = `found in "${options.slides_file ?? options.labels_file}"`;
  const columns: Decision[] = [
    { path: "data.slide_column", value: slideColumn, reason: file },
    ...patientColumn === undefined ? [] : [{
      path: "data.patient_column",
      value: patientColumn,
      reason: `found in "${options.labels_file}"; no patient is on two sides`,
    }],
    {
      path: "data.label_columns",
      value: labelColumns,
      reason: `found in "${options.labels_file}"`,
    },
  ];
  const patients = new Set(table.rows.map(({ patient }) => patient)).size;
  return [
    ...columns,
    ...await splits(data, { options, folds, patients, found }),
  ];
}

/** Options of the tables, those that nobody set as `null`. */
function tableOptions(data: Readonly<PlainObject>): TableOptions {
  const { labels_file } = data;
  if (typeof labels_file !== "string") throw needs("labels_file", tablesNear(data.data_root_dir));
  const none = {
    ...{ slides_file: null, slide_column: null, patient_column: null, label_columns: null },
    ...{ split_column: null, encoding: null },
  };
  return { ...none, ...data, labels_file } as TableOptions;
}

/** The tables beside the features, which one of them may be. */
function tablesNear(root: unknown): string {
  const folder = typeof root === "string" ? root : ".";
  const found = [folder, join(folder, ".."), join(folder, "../..")].flatMap(tablesIn);
  const hint = found.length === 0 ? "" : `, such as ${oneOf(found).replace("one of ", "")}`;
  return `the table of labels (csv, tsv or xlsx)${hint}`;
}

function tablesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => TABLE.test(name)).sort().map((name) =>
      join(folder, name)
    );
  } catch {
    return [];
  }
}

/** What splits are made from. */
interface SplitInput {
  readonly options: TableOptions;
  readonly folds: number | undefined;
  readonly patients: number;
  readonly found: readonly string[];
}

async function splits(data: Readonly<PlainObject>, input: SplitInput): Promise<Decision[]> {
  const { folds, patients } = input;
  if (typeof data.split_file === "string") return splitFile(data, data.split_file, folds);
  if (typeof data.split_column === "string") return asked(folds);
  const column = await splitColumns(input);
  if (column) return columnDecisions(column, folds);
  const unit = `the ${patients} patients`;
  if (folds !== undefined && folds > 1) {
    return [
      ...asked(folds),
      { path: "data.val_fraction", value: 0.2, reason: `of ${unit} outside the fold that tests` },
      { path: "data.split_seed", value: 0, reason: "the same folds whatever the run" },
    ];
  }
  const tests = patients >= ENOUGH_TO_TEST;
  return [
    { path: "data.val_fraction", value: 0.2, reason: `no split is given: a fifth of ${unit}` },
    {
      path: "data.test_fraction",
      value: tests ? 0.2 : 0,
      reason: tests ? `another fifth of ${unit}` : `${unit} are too few to test on some of them`,
    },
    { path: "data.split_seed", value: 0, reason: "the same split whatever the run" },
  ];
}

function asked(folds: number | undefined): Decision[] {
  return folds === undefined || folds === 1
    ? []
    : [{ path: "training.cv_folds", value: folds, reason: "asked for" }];
}

function splitFile(data: Readonly<PlainObject>, path: string, folds?: number): Decision[] {
  const encoding = typeof data.encoding === "string" ? data.encoding : undefined;
  const options = { encoding, encodingOption: "data.encoding" };
  if (!hasFolds(path, options) || typeof data.fold === "number") return asked(folds);
  if (folds !== undefined && folds > 1) {
    try {
      readSplitFile(path, { ...options, fold: () => folds - 1 });
    } catch (error) {
      if (!(error instanceof UndecidedError)) throw error;
      throw needs("folds", `at most ${error.candidates.length}, as many as "${path}" holds`);
    }
    return asked(folds);
  }
  try {
    readSplitFile(path, { ...options, fold: () => undefined });
    return [];
  } catch (error) {
    if (folds === 1 || !(error instanceof UndecidedError)) throw error;
    const { candidates } = error;
    if (candidates.some((fold, index) => fold !== String(index))) throw error;
    const reason = `"${path}" holds ${candidates.length} folds`;
    return [{ path: "training.cv_folds", value: candidates.length, reason }];
  }
}

function columnDecisions({ column, folds: known }: SplitColumns, folds?: number): Decision[] {
  const several = known > 1;
  const used = several ? Math.min(folds ?? known, known) : 1;
  if (folds !== undefined && folds > known) {
    const last = several ? `${column} to ${column.replace(/\d+$/, String(known - 1))}` : column;
    throw needs("folds", `at most ${known}, as many as the table has columns of splits (${last})`);
  }
  const reason = several ? `of ${known} columns of splits the first` : "the column of splits";
  return [
    { path: "data.split_column", value: column, reason },
    ...used === 1 ? [] : [{
      path: "training.cv_folds",
      value: used,
      reason: folds === undefined ? `the table has ${known} columns of splits` : "asked for",
    }],
  ];
}

/** The column that says train, val and test; of several with numbers, that of fold 0. */
async function splitColumns({ options, found }: SplitInput): Promise<SplitColumns | undefined> {
  const usable: string[] = [];
  for (const column of found) {
    const { rows } = await readSlideTable({ ...options, split_column: column });
    const cells = rows.flatMap(({ split }) => split === undefined ? [] : [split]);
    if (cells.length > 0 && cells.every((cell) => sideOf(cell) !== undefined)) usable.push(column);
  }
  if (usable.length === 0) return undefined;
  if (usable.length === 1) return { column: usable[0], folds: 1 };
  const stem = usable[0].replace(/\d+$/, "");
  const isSeries = usable.every((column, index) => column === `${stem}${index}`);
  if (isSeries) return { column: usable[0], folds: usable.length };
  throw needs("split_column", `${oneOf(usable)}, as "${options.labels_file}" has them`);
}
