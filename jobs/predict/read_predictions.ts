/**
 * Reads predictions from the tables that training and `glovita_infer` write.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";
import { DataError } from "../../engine/errors.ts";
import { quoted, readTable, shown, type Table, type TableRow } from "../../engine/storage/table.ts";
import { predictedClasses } from "./prediction_table.ts";

/** What is known of a table beforehand. */
export interface ExpectedPredictions {
  /** How targets are encoded. */
  readonly subtask?: Predictions["subtask"];
  /** Names of the classes by index; those of the columns where not given. */
  readonly classNames?: readonly string[];
}

/** Rounding that the mean over an ensemble may add to a probability of 1. */
const ROUNDING = 1e-6;

/**
 * Reads a table of predictions. What is predicted follows from its columns: `prob_<class>` are
 * probabilities, with one column `predicted` for classes and one `predicted_<class>` each for several
 * labels per sample; `value` or `value_<name>` are predicted numbers.
 * @param file A CSV file that `writePredictions` has written, or one like it.
 * @param expected What is known beforehand.
 * @returns The predictions; without labels where the table has none.
 * @throws {DataError} if the file cannot be read, lacks a column, a cell does not hold what its column
 *   says, or the table predicts something else than expected.
 *
 * @example Two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/predictions.csv`;
 * await Deno.writeTextFile(file, "id,predicted,prob_cat,prob_dog\na,1,0.25,0.75\n");
 * const { classNames, labels, scores } = readPredictions(file);
 * assertEquals([classNames, labels, [...scores]], [["cat", "dog"], undefined, [0.25, 0.75]]);
 * ```
 */
export function readPredictions(file: string, expected: ExpectedPredictions = {}): Predictions {
  const table = readTable(file, ["id"]);
  const layout = layoutOf(table, expected);
  const { subtask, names } = layout;
  const cells = new Cells(table);
  if (table.rows.length === 0) refuse(table, "it has no predictions");
  const width = names.length;
  const scores = cells.matrix(names.map((name) => columnOf("value", name, layout)), {
    subtask,
    what: subtask === "regression" ? "a number" : "a probability from 0 to 1",
  });
  const labels = labelsOf(cells, layout);
  const spreadColumns = names.map((name) => columnOf("sd", name, layout));
  const hasSpread = spreadColumns.some((name) => table.columns.includes(name));
  const isNamed = layout.classNames !== undefined;
  const predictions: Predictions = {
    task: subtask === "regression" ? "Regression" : "Classification",
    subtask,
    numClasses: width,
    ...(isNamed && { classNames: layout.classNames }),
    ids: cells.texts("id"),
    ...(table.columns.includes("patient") && { patients: cells.texts("patient") }),
    ...(table.columns.includes("split") && { splits: cells.texts("split") }),
    ...(labels && { labels }),
    scores,
    ...(hasSpread && {
      spread: cells.matrix(spreadColumns, { subtask: "regression", what: "a number" }),
    }),
  };
  checkDecisions(cells, predictions);
  return predictions;
}

/** What the columns of a table are. */
interface Layout {
  readonly subtask: Predictions["subtask"];
  /** Names as the columns have them. */
  readonly names: readonly string[];
  /** Whether the columns of the only value have no name in theirs. */
  readonly bare: boolean;
  readonly classNames: readonly string[] | undefined;
}

function layoutOf(table: Table, expected: ExpectedPredictions): Layout {
  const { columns } = table;
  const after = (prefix: string) =>
    columns.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const probabilities = after("prob_");
  const several = probabilities.length === 1 ||
    (!columns.includes("predicted") && probabilities.length > 0);
  const values = columns.includes("value") ? ["0"] : after("value_");
  const subtask = probabilities.length === 0 ? "regression" : several ? "multilabel" : "multiclass";
  const names = subtask === "regression" ? values : probabilities;
  if (names.length === 0) {
    const wanted = 'it has neither columns "prob_<class>" nor a column "value"';
    refuse(table, `${wanted}, its columns are ${quoted(columns)}`);
  }
  if (new Set(names).size < names.length) refuse(table, "it has two columns of one class");
  if (expected.subtask !== undefined && expected.subtask !== subtask) {
    refuse(table, `it has predictions of a ${subtask} task, expected ${expected.subtask}`);
  }
  const isNumbered = names.every((name, index) => name === String(index));
  const { classNames = isNumbered ? undefined : names } = expected;
  const written = classNames?.map((name) => name.trim().normalize("NFC"));
  if (!isNumbered && written?.join("\n") !== names.join("\n")) {
    refuse(table, `its classes are ${quoted(names)}, expected ${quoted(classNames!)}`);
  }
  if (classNames !== undefined && classNames.length !== names.length) {
    refuse(table, `it has ${names.length} classes, expected ${classNames.length}`);
  }
  return { subtask, names, bare: names.length === 1, classNames };
}

/** Name of the column of a class's score, label, decision or deviation. */
function columnOf(
  kind: "value" | "label" | "predicted" | "sd",
  name: string,
  { subtask, bare }: Layout,
): string {
  const probability = kind === "value" && subtask !== "regression";
  if (probability) return `prob_${name}`;
  return bare ? kind : `${kind}_${name}`;
}

function labelsOf(cells: Cells, layout: Layout): Predictions["labels"] {
  const { subtask, names, classNames } = layout;
  const columns = subtask === "multiclass"
    ? ["label"]
    : names.map((name) => columnOf("label", name, layout));
  const known = columns.filter((name) => cells.has(name));
  if (known.length === 0 || columns.every((name) => cells.empty(name))) return undefined;
  if (subtask !== "multiclass") {
    const what = subtask === "regression" ? "a number" : "a number from 0 to 1";
    return { values: cells.matrix(columns, { subtask, what }), width: columns.length };
  }
  const last = names.length - 1;
  const values = Int32Array.from(
    cells.numbers("label", {
      what: `an integer from 0 to ${last}`,
      fits: (label) => Number.isInteger(label) && label >= 0 && label <= last,
    }),
  );
  if (classNames && cells.has("label_name")) {
    cells.texts("label_name").forEach((text, row) => {
      const name = classNames[values[row]].trim().normalize("NFC");
      if (text.normalize("NFC") === name) return;
      const state = `label ${values[row]} is ${shown(text)}, class ${values[row]} is ${
        shown(name)
      }`;
      cells.refuse(row, state);
    });
  }
  return { values, width: 1 };
}

/** A table whose decisions contradict its probabilities is not what it says it is. */
function checkDecisions(cells: Cells, predictions: Predictions): void {
  if (predictions.subtask !== "multiclass" || !cells.has("predicted")) return;
  const decided = predictedClasses(predictions);
  const last = predictions.numClasses - 1;
  const written = cells.numbers("predicted", {
    what: `an integer from 0 to ${last}`,
    fits: (label) => Number.isInteger(label) && label >= 0 && label <= last,
  });
  const row = written.findIndex((label, at) => label !== decided[at]);
  if (row < 0) return;
  cells.refuse(row, `it predicts ${written[row]}, its probabilities say ${decided[row]}`);
}

/** Which numbers a column takes. */
interface Wanted {
  readonly what: string;
  readonly fits: (value: number) => boolean;
}

/** The cells of a table, by column. */
class Cells {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  has(column: string): boolean {
    return this.#table.columns.includes(column);
  }

  /** Whether no row has anything in a column. */
  empty(column: string): boolean {
    return this.#column(column).every((text) => text === "");
  }

  texts(column: string): string[] {
    const texts = this.#column(column);
    const row = texts.indexOf("");
    if (row >= 0) this.refuse(row, `it has no ${column}`);
    return texts;
  }

  numbers(column: string, { what, fits }: Wanted): number[] {
    return this.#column(column).map((text, row) => {
      const value = text === "" ? NaN : Number(text);
      if (!fits(value)) {
        const state = text === "" ? "is empty" : `is ${shown(text)}`;
        this.refuse(row, `${shown(column)} ${state}, expected ${what}`);
      }
      return value;
    });
  }

  /** Columns as a row-major matrix. */
  matrix(
    columns: readonly string[],
    { subtask, what }: Pick<Layout, "subtask"> & Pick<Wanted, "what">,
  ): Float32Array {
    const fits = subtask === "regression"
      ? Number.isFinite
      : (value: number) => value >= 0 && value <= 1 + ROUNDING;
    const width = columns.length;
    const values = new Float32Array(this.#table.rows.length * width);
    columns.forEach((column, at) => {
      this.numbers(column, { what, fits }).forEach((value, row) => {
        values[row * width + at] = value;
      });
    });
    return values;
  }

  refuse(row: number, state: string): never {
    const { line }: TableRow = this.#table.rows[row];
    return refuse(this.#table, `line ${line}: ${state}`, row);
  }

  #column(name: string): string[] {
    const at = this.#table.columns.indexOf(name);
    if (at < 0) refuse(this.#table, `it has no column ${shown(name)}`);
    return this.#table.rows.map(({ cells }) => cells[at]?.trim() ?? "");
  }
}

function refuse({ file }: Table, state: string, index?: number): never {
  throw new DataError(`Cannot read "${file}": ${state}`, { file, index });
}
