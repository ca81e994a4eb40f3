/**
 * Tables of slides: which patient a slide belongs to, what its labels are, and which split it is in.
 * @module
 */
import { DataError } from "../errors.ts";
import { openTable, quoted, shown, type Table, type TableRow } from "../storage/table.ts";
import { UndecidedError } from "./undecided.ts";

/**
 * Which tables, and which of their columns.
 * @category Slides
 */
export interface TableOptions {
  /** Table of labels, by slide or by patient. */
  readonly labels_file: string;
  /** Table of the slides of each patient, where labels are by patient. @default {null} */
  readonly slides_file?: string | null;
  /** Column of the slides; `null` for one with a usual name. @default {null} */
  readonly slide_column?: string | null;
  /** Column of the patients; `null` for one with a usual name. @default {null} */
  readonly patient_column?: string | null;
  /** Columns of the labels; `null` for `label`, or the only one left. @default {null} */
  readonly label_columns?: readonly string[] | null;
  /** Column of the splits. @default {null} */
  readonly split_column?: string | null;
  /** Encoding of text files. @default {null} */
  readonly encoding?: string | null;
}

/**
 * What tables say of a slide.
 * @category Slides
 */
export interface SlideRow {
  /** The slide, as it is written. */
  readonly slide: string;
  /** Its patient; the slide itself where no table tells. */
  readonly patient: string;
  /** Its labels; empty cells are `undefined`. */
  readonly labels: readonly (string | undefined)[];
  /** Its split, where there is a column of splits and the cell is not empty. */
  readonly split?: string;
  /** Where its label stands, for messages: `line 3 of "labels.csv"`. */
  readonly place: string;
}

/**
 * All slides of the tables.
 * @category Slides
 */
export interface SlideTable {
  /** The table of labels. */
  readonly file: string;
  /** Names of the columns of labels. */
  readonly labelColumns: readonly string[];
  /** Name of the column of slides; absent where no file was read. */
  readonly slideColumn?: string;
  /** Name of the column of patients, where there is one. */
  readonly patientColumn?: string;
  /** Names of columns that look like splits; absent where no file was read. */
  readonly splitColumns?: readonly string[];
  /** Whether a table tells the patients. */
  readonly hasPatients: boolean;
  /** The slides. */
  readonly rows: readonly SlideRow[];
  /** Lines for the user on what was assumed and left out. */
  readonly notices: readonly string[];
}

/** Usual names of the column of slides. */
const SLIDE_COLUMNS = ["slide_id", "slide", "image_id", "filename"];
/** Usual names of the column of patients. */
const PATIENT_COLUMNS = ["case_id", "patient", "patient_id"];
/** Usual names of columns that hold no labels. */
const SPLIT_COLUMN = /^(split|fold|(split|fold)[_-]?\d+|)$/i;

/** One table and the places of its columns. */
interface Columns {
  readonly table: Table;
  readonly slide?: number;
  readonly patient?: number;
}

/**
 * Reads the tables. Columns with usual names are found: `slide_id`, `slide`, `image_id`, `filename`;
 * `case_id`, `patient`, `patient_id`; `label`, or the only other column.
 * @param options Tables and columns.
 * @throws {DataError} if a table cannot be read or is empty, or a column is missing or cannot be told.
 *
 * @example The table of CLAM
 * ```ts
 * import { readSlideTable } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const labels_file = `${await Deno.makeTempDir()}/dataset.csv`;
 * await Deno.writeTextFile(labels_file, "case_id,slide_id,label\n007,007_1,tumor\n");
 * const { rows: [row] } = await readSlideTable({ labels_file });
 * assertEquals([row.slide, row.patient, row.labels], ["007_1", "007", ["tumor"]]);
 * ```
 *
 * @category Slides
 */
export async function readSlideTable(options: TableOptions): Promise<SlideTable> {
  const { labels_file, slides_file = null, patient_column = null, slide_column = null } = options;
  const reading = { encoding: options.encoding ?? undefined, encodingOption: "data.encoding" };
  const table = await openTable(labels_file, reading);
  requireRows(table);
  const patient = columnOf(table, patient_column, PATIENT_COLUMNS);
  if (slides_file === null) {
    const slide = columnOf(table, slide_column, SLIDE_COLUMNS);
    if (slide === undefined) throw missingColumn(table, "slides", SLIDE_COLUMNS, "slide_column");
    return joined({ table, slide, patient }, undefined, options);
  }
  if (patient === undefined) {
    throw missingColumn(table, "patients", PATIENT_COLUMNS, "patient_column");
  }
  const slides = await openTable(slides_file, reading);
  requireRows(slides);
  const owner = columnOf(slides, sameColumn(slides, patient_column), PATIENT_COLUMNS);
  if (owner === undefined) {
    throw missingColumn(slides, "patients", PATIENT_COLUMNS, "patient_column");
  }
  const slide = columnOf(slides, slide_column, SLIDE_COLUMNS);
  if (slide === undefined) throw missingColumn(slides, "slides", SLIDE_COLUMNS, "slide_column");
  return joined({ table, patient }, { table: slides, slide, patient: owner }, options);
}

/** The second table may call its patients by another usual name than the first. */
function sameColumn({ columns }: Table, given: string | null): string | null {
  return given !== null && columns.includes(nameOf(given)) ? given : null;
}

function requireRows({ file, rows }: Table): void {
  if (rows.length > 0) return;
  throw new DataError(`Cannot use "${file}": it has no rows`, { file });
}

function nameOf(name: string): string {
  return name.trim().normalize("NFC");
}

/** The place of a column: the one that is asked for, else the first with a usual name. */
function columnOf(
  { file, columns }: Table,
  given: string | null,
  usual: readonly string[],
): number | undefined {
  if (given !== null) return requiredColumn({ file, columns }, given);
  const found = usual.flatMap((name) =>
    columns.flatMap((column, at) => column.toLowerCase() === name ? [at] : [])
  );
  return found[0];
}

function requiredColumn({ file, columns }: Pick<Table, "file" | "columns">, name: string): number {
  const places = columns.flatMap((column, at) => column === nameOf(name) ? [at] : []);
  if (places.length === 1) return places[0];
  const state = places.length === 0
    ? `it has no column ${shown(name)}, its columns are ${quoted(columns)}`
    : `it has ${places.length} columns ${shown(name)}`;
  throw new DataError(`Cannot read "${file}": ${state}`, { file });
}

function missingColumn(
  { file, columns }: Table,
  what: string,
  usual: readonly string[],
  option: string,
): DataError {
  const state = `it has no column of ${what} (${usual.join(", ")}), its columns are ` +
    `${quoted(columns)}: name one with data.${option}`;
  return new UndecidedError(`Cannot read "${file}": ${state}`, {
    ...{ option, candidates: columns, file },
  });
}

function joined(
  labels: Columns,
  slides: Columns | undefined,
  options: TableOptions,
): SlideTable {
  const { table } = labels;
  const split = splitColumn(labels, slides, options);
  const labelAt = labelColumns(labels, options);
  const facts = {
    file: table.file,
    labelColumns: labelAt.map((at) => table.columns[at]),
    ...usedColumns(labels, slides),
    hasPatients: labels.patient !== undefined,
  };
  const notices = [...table.notices, ...slides?.table.notices ?? []];
  const labelled = (row: TableRow) => ({
    labels: labelAt.map((at) => textLabel(row.cells[at])),
    place: `line ${row.line} of "${table.file}"`,
  });
  const inLabels = split?.table === table ? split.at : undefined;
  if (slides === undefined) {
    const rows = table.rows.map((row): SlideRow => {
      const slide = idAt(table, row, labels.slide!, "slide");
      const patient = labels.patient === undefined
        ? slide
        : idAt(table, row, labels.patient, "patient");
      return { slide, patient, ...labelled(row), ...splitAt(row, inLabels) };
    });
    if (!facts.hasPatients) {
      notices.push(`"${table.file}" has no column of patients: each slide counts as one`);
    }
    return { ...facts, rows, notices };
  }
  const byPatient = rowsByPatient(labels, labelled, inLabels);
  const inSlides = split?.table === slides.table ? split.at : undefined;
  const unknown: string[] = [];
  const rows = slides.table.rows.flatMap((row): SlideRow[] => {
    const slide = idAt(slides.table, row, slides.slide!, "slide");
    const patient = idAt(slides.table, row, slides.patient!, "patient");
    const known = byPatient.get(patient);
    if (known === undefined) unknown.push(patient);
    return known ? [{ slide, patient, ...known, ...splitAt(row, inSlides) }] : [];
  });
  const withSlides = new Set(rows.map(({ patient }) => patient));
  const without = [...byPatient.keys()].filter((patient) => !withSlides.has(patient));
  notices.push(
    ...leftOver([...new Set(unknown)], `patients of "${slides.table.file}" are not in`, table.file),
    ...leftOver(without, `patients of "${table.file}" have no slide in`, slides.table.file),
  );
  if (rows.length === 0) {
    const message = `Cannot use "${table.file}": it has no patient of "${slides.table.file}"`;
    throw new DataError(message, { file: table.file });
  }
  return { ...facts, rows, notices };
}

/** The columns that were found, and those that may be splits. */
function usedColumns(
  labels: Columns,
  slides: Columns = labels,
): Pick<SlideTable, "slideColumn" | "patientColumn" | "splitColumns"> {
  const columns = new Set([...labels.table.columns, ...slides.table.columns]);
  return {
    slideColumn: slides.table.columns[slides.slide!],
    ...(labels.patient !== undefined && { patientColumn: labels.table.columns[labels.patient] }),
    splitColumns: [...columns].filter((name) => name !== "" && SPLIT_COLUMN.test(name)),
  };
}

function leftOver(names: readonly string[], what: string, file: string): string[] {
  return names.length === 0 ? [] : [`${names.length} ${what} "${file}": ${quoted(names)}`];
}

interface PatientRow {
  readonly labels: SlideRow["labels"];
  readonly place: string;
  readonly split?: string;
}

function rowsByPatient(
  { table, patient }: Columns,
  labelled: (row: TableRow) => Omit<PatientRow, "split">,
  splitColumn: number | undefined,
): Map<string, PatientRow> {
  const rows = new Map<string, PatientRow>();
  for (const row of table.rows) {
    const id = idAt(table, row, patient!, "patient");
    const found: PatientRow = { ...labelled(row), ...splitAt(row, splitColumn) };
    const before = rows.get(id);
    if (before === undefined) rows.set(id, found);
    else if (!sameLabels(before.labels, found.labels)) {
      throw new DataError(
        `Cannot use "${table.file}": it gives patient ${shown(id)} the labels ` +
          `${shownLabels(before.labels)} (${before.place}) and ${shownLabels(found.labels)} ` +
          `(line ${row.line})`,
        { file: table.file, index: row.line },
      );
    }
  }
  return rows;
}

/**
 * Whether two rows have the same labels.
 * @param one Labels of a row.
 * @param other Labels of another row.
 */
export function sameLabels(one: SlideRow["labels"], other: SlideRow["labels"]): boolean {
  return one.every((label, at) => label === other[at]);
}

/**
 * Labels for a message.
 * @param labels Labels of a row.
 */
export function shownLabels(labels: SlideRow["labels"]): string {
  return labels.map((label) => shown(label ?? "")).join(", ");
}

function splitColumn(
  labels: Columns,
  slides: Columns | undefined,
  { split_column = null }: TableOptions,
): { readonly table: Table; readonly at: number } | undefined {
  if (split_column === null) return undefined;
  const other = slides?.table.columns.indexOf(nameOf(split_column)) ?? -1;
  if (slides && other >= 0) return { table: slides.table, at: other };
  return { table: labels.table, at: requiredColumn(labels.table, split_column) };
}

/** The columns asked for, or `label`, or the only one that is nothing else. */
function labelColumns(
  { table, slide, patient }: Columns,
  { label_columns = null, split_column = null }: TableOptions,
): number[] {
  if (label_columns !== null) return label_columns.map((name) => requiredColumn(table, name));
  const { file, columns } = table;
  const label = columns.findIndex((name) => name.toLowerCase() === "label");
  if (label >= 0) return [label];
  const others = columns.flatMap((name, at) => {
    const known = at === slide || at === patient || name === split_column;
    const usual = [...SLIDE_COLUMNS, ...PATIENT_COLUMNS].includes(name.toLowerCase());
    return known || usual || SPLIT_COLUMN.test(name) ? [] : [at];
  });
  if (others.length === 1) return others;
  const found = others.length === 0
    ? `it has no column of labels, its columns are ${quoted(columns)}`
    : `it is not clear which column is the label: ${quoted(others.map((at) => columns[at]))}`;
  throw new UndecidedError(`Cannot read "${file}": ${found}; name it with data.label_columns`, {
    option: "label_columns",
    candidates: (others.length === 0 ? [...columns.keys()] : others).map((at) => columns[at]),
    file,
  });
}

function idAt({ file }: Table, { cells, line }: TableRow, at: number, what: string): string {
  const id = (cells[at] ?? "").trim();
  if (id === "") {
    throw new DataError(`Cannot use "${file}": line ${line} has no ${what}`, { file, index: line });
  }
  if (id.includes("\ufffd")) {
    throw new DataError(
      `Cannot use "${file}": line ${line} holds the character U+FFFD, which another program put ` +
        "for lost letters",
      { file, index: line },
    );
  }
  return id;
}

function splitAt({ cells }: TableRow, at: number | undefined): { readonly split?: string } {
  const split = at === undefined ? "" : (cells[at] ?? "").trim();
  return split === "" ? {} : { split };
}

/** Names that look alike are alike, and an empty one is none. */
function textLabel(cell = ""): string | undefined {
  const name = cell.trim().normalize("NFC");
  return name === "" ? undefined : name;
}
