/**
 * Predictions that colour the points: a table, matched by the samples' names.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { openTable, quoted, shown, type Table, type TableRow } from "../../engine/storage/table.ts";
import type { Sample } from "./read_samples.ts";

/** A prediction as the table has it. */
interface Row {
  readonly line: number;
  readonly id: string;
  readonly split: string | undefined;
  readonly label: string | undefined;
  readonly labelName: string | undefined;
  readonly predicted: string | undefined;
  readonly predictedName: string | undefined;
}

/** Predictions of samples. */
export interface MatchedPredictions {
  /** Per sample its predicted class; `undefined` where the table has none. */
  readonly predicted: readonly (number | undefined)[];
  /** Per sample its split, as the table says it. */
  readonly splits: readonly (string | undefined)[];
  /** Names of the classes, those of the table with those given before. */
  readonly classNames: ReadonlyMap<number, string>;
  /** Lines that the user should see. */
  readonly notices: readonly string[];
}

/**
 * Reads a table of predictions, and finds those of samples by `id`, and by `split` where the table has
 * the split that the sample's file holds. Other columns are `predicted` or `predicted_name`, `label`
 * and `label_name`.
 * @param path The table.
 * @param samples The samples.
 * @param classNames Names of classes that are known already.
 * @throws {DataError} if the table cannot be read, lacks a column, has no prediction or more than one
 *   for a sample, or other labels than the feature files.
 */
export async function matchPredictions(
  path: string,
  samples: readonly Sample[],
  classNames: ReadonlyMap<number, string>,
): Promise<MatchedPredictions> {
  const table = await openTable(path, { needed: ["id"] });
  requirePrediction(table);
  const rows = table.rows.map((row) => readRow(row, table));
  const names = new Map([...classNames, ...rows.flatMap(namesOf)]);
  const matched = matchRows(path, samples, rows);
  for (const [index, row] of matched.entries()) checkLabel(path, row, { ...samples[index], names });
  const predicted = matched.map((row) => row && predictedClass(path, row, names));
  const missing = predicted.filter((label) => label === undefined).length;
  if (missing === samples.length) {
    const state = matched.every((row) => row === undefined)
      ? `it has none of the samples' ids, such as ${shown(samples[0].id)}`
      : "it has a prediction for none of the samples";
    throw new DataError(`Cannot use "${path}": ${state}`, { file: path });
  }
  const notices = [...table.notices];
  if (missing > 0) {
    notices.push(`"${path}" has no prediction for ${missing} of ${samples.length} samples`);
  }
  return { predicted, splits: matched.map((row) => row?.split), classNames: names, notices };
}

function requirePrediction({ file, columns }: Table): void {
  if (columns.includes("predicted") || columns.includes("predicted_name")) return;
  const state = `it has no column "predicted", its columns are ${quoted(columns)}`;
  throw new DataError(`Cannot read "${file}": ${state}`, { file });
}

function readRow({ line, cells }: TableRow, { columns }: Table): Row {
  const cell = (name: string) => {
    const text = cells[columns.indexOf(name)]?.trim();
    return text === "" ? undefined : text;
  };
  const [label, predicted] = [cell("label"), cell("predicted")];
  return {
    line,
    id: cell("id") ?? "",
    split: cell("split"),
    label: isIndex(label) ? label : undefined,
    labelName: cell("label_name") ?? (isIndex(label) ? undefined : label),
    predicted: isIndex(predicted) ? predicted : undefined,
    predictedName: cell("predicted_name") ?? (isIndex(predicted) ? undefined : predicted),
  };
}

/** Names of classes that a row says: of its label, and of its prediction. */
function namesOf({ label, labelName, predicted, predictedName }: Row): [number, string][] {
  const pairs = [[label, labelName], [predicted, predictedName]] as const;
  return pairs.flatMap(([index, name]): [number, string][] =>
    index !== undefined && name !== undefined ? [[Number(index), name]] : []
  );
}

function isIndex(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

/** The row of each sample. */
function matchRows(
  path: string,
  samples: readonly Sample[],
  rows: readonly Row[],
): (Row | undefined)[] {
  const splits = new Set(rows.map(({ split }) => split));
  const keyOf = (id: string, split: string | undefined) => JSON.stringify([id, split]);
  const byId = Map.groupBy(rows, ({ id }) => keyOf(id, undefined));
  const bySplit = Map.groupBy(rows, ({ id, split }) => keyOf(id, split));
  const takenBy = new Map<Row, Sample>();
  return samples.map((sample) => {
    const { id, split, file } = sample;
    const inSplit = splits.has(split);
    const found = (inSplit ? bySplit.get(keyOf(id, split)) : byId.get(keyOf(id, undefined))) ?? [];
    const fail = (state: string) => {
      throw new DataError(`Cannot match "${path}" with "${file}": ${state}`, { file: path });
    };
    const [row, other] = found;
    if (other !== undefined) {
      fail(`lines ${row.line} and ${other.line} both have the id ${shown(id)}`);
    }
    const before = row === undefined ? undefined : takenBy.get(row);
    if (before !== undefined) {
      fail(
        `"${before.file}" has a sample ${shown(id)} too: the table needs a column "split" with ` +
          `${quoted([before.split, split])}`,
      );
    }
    if (row !== undefined) takenBy.set(row, sample);
    return row;
  });
}

/** A table of other samples with the same ids would colour the points at random. */
function checkLabel(
  path: string,
  row: Row | undefined,
  { id, file, label, names }: Sample & { readonly names: Map<number, string> },
): void {
  if (row === undefined) return;
  const { line, label: written, labelName } = row;
  const fail = (given: string, wanted: string) => {
    const state = `line ${line} has the label ${shown(given)} for ${shown(id)}, ` +
      `the features have ${shown(wanted)}`;
    throw new DataError(`Cannot match "${path}" with "${file}": ${state}`, { file: path });
  };
  if (written !== undefined && Number(written) !== label) fail(written, String(label));
  if (written !== undefined || labelName === undefined) return;
  const known = classNamed(names, labelName) ?? (names.has(label) ? undefined : label);
  if (known !== label) fail(labelName, names.get(label) ?? String(label));
  names.set(label, labelName);
}

/** Index of the class of a name. */
function classNamed(names: ReadonlyMap<number, string>, name: string): number | undefined {
  return [...names].find(([, known]) => known === name)?.[0];
}

function predictedClass(
  path: string,
  { line, predicted, predictedName }: Row,
  names: ReadonlyMap<number, string>,
): number | undefined {
  if (predicted !== undefined) return Number(predicted);
  if (predictedName === undefined) return undefined;
  const index = classNamed(names, predictedName);
  if (index !== undefined) return index;
  const known = names.size === 0 ? "the classes have no names" : quoted([...names.values()]);
  const state = `line ${line} predicts ${shown(predictedName)}, not the name of a class: ${known}`;
  throw new DataError(`Cannot use "${path}": ${state}`, { file: path });
}
