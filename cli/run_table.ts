/**
 * The table of runs on the terminal: texts give way where it is narrow, numbers are never cut.
 * @module
 */
import type { RunValue } from "../jobs/runs/fold_summary.ts";
import type { RunSummary } from "../jobs/runs/list_runs.ts";

/** Columns of the table, in their order. */
export const RUN_COLUMNS = [
  "group",
  "dataset",
  "encoder",
  "head",
  "state",
  "folds",
  "best",
  "test",
  "epochs",
  "time",
] as const;

/** A column of the table. */
export type RunColumn = typeof RUN_COLUMNS[number];

/** Characters of `59m59s`, so that tables of short and of long runs look alike. */
const LONGEST_TIME = 6;

/** How a column is written, and sorted by. */
interface Column {
  /** What stands in a cell. */
  readonly text: (run: RunSummary) => string;
  /** What it is sorted by; runs without come last. */
  readonly key: (run: RunSummary) => string | number | undefined;
  /** Whether it may be shortened: a text, not a number. */
  readonly shrinks?: boolean;
  /** Whether all runs together need it. @default {always} */
  readonly wanted?: (runs: readonly RunSummary[]) => boolean;
}

const COLUMNS: Readonly<Record<RunColumn, Column>> = {
  group: { text: ({ group }) => group, key: ({ group }) => group, shrinks: true },
  dataset: { text: ({ dataset }) => dataset, key: ({ dataset }) => dataset, shrinks: true },
  encoder: {
    text: ({ encoder }) => encoder ?? "",
    key: ({ encoder }) => encoder,
    shrinks: true,
  },
  head: { text: ({ head }) => head ?? "", key: ({ head }) => head, shrinks: true },
  state: {
    text: ({ state }) => state,
    key: ({ state }) => state,
    wanted: (runs) => runs.some(({ state }) => state !== "finished"),
  },
  folds: {
    text: ({ folds: { found, planned } }) => found < planned ? `${found}/${planned}` : `${found}`,
    key: ({ folds }) => folds.found,
    wanted: (runs) => runs.some(({ folds }) => folds.planned > 1),
  },
  best: { text: ({ best }) => valueText(best), key: ({ best }) => best?.value },
  test: {
    text: ({ test }) => valueText(test),
    key: ({ test }) => test?.value,
    wanted: (runs) => runs.some(({ test }) => test !== undefined),
  },
  epochs: {
    text: ({ epochs: { done, planned } }) => `${done}/${planned ?? "?"}`,
    key: ({ epochs }) => epochs.done,
  },
  time: {
    text: ({ seconds }) => duration(seconds).padStart(LONGEST_TIME),
    key: ({ seconds }) => seconds,
    wanted: (runs) => runs.some(({ seconds }) => seconds !== undefined),
  },
};

/** Columns that a narrow terminal does without, the first one first. */
const GIVEN_UP: readonly RunColumn[] = [
  "time",
  "dataset",
  "epochs",
  "encoder",
  "head",
  "folds",
  "test",
  "state",
];

/** Fewest characters of a text that is shortened; a group's name tells runs apart. */
const NARROWEST = { group: 22, other: 10 } as const;
const GAP = 2;

/** A table for the terminal. */
export interface RunTable {
  /** Its lines. */
  readonly lines: readonly string[];
  /** Columns that did not fit. */
  readonly left: readonly RunColumn[];
}

/**
 * Writes the table.
 * @param runs The runs in their order.
 * @param width Characters of a line.
 * @returns Its lines, and what did not fit.
 */
export function runTable(runs: readonly RunSummary[], width: number): RunTable {
  let columns = RUN_COLUMNS.filter((name) => COLUMNS[name].wanted?.(runs) ?? true);
  const left: RunColumn[] = [];
  for (const name of GIVEN_UP) {
    if (narrowest(runs, columns) <= width) break;
    if (!columns.includes(name)) continue;
    columns = columns.filter((kept) => kept !== name);
    left.push(name);
  }
  const cells = columns.map((name) => column(runs, name));
  const widths = fit(cells.map(longest), columns, width);
  const lines = [...runs.keys(), runs.length].map((row) =>
    columns.map((name, at) => {
      const text = shorten(cells[at][row], widths[at]);
      return COLUMNS[name].shrinks || name === "state"
        ? text.padEnd(widths[at])
        : text.padStart(widths[at]);
    }).join(" ".repeat(GAP)).trimEnd()
  );
  return { lines, left };
}

/** Header and cells of a column; the header names the metric where all runs have the same. */
function column(runs: readonly RunSummary[], name: RunColumn): string[] {
  const measured = name === "best" || name === "test";
  const metrics = measured ? new Set(runs.flatMap((run) => run[name]?.metric ?? [])) : new Set();
  const [metric] = metrics;
  const header = metrics.size === 1 ? String(metric) : name;
  const { text } = COLUMNS[name];
  const cells = runs.map((run) => {
    const value = measured ? run[name] : undefined;
    return metrics.size > 1 && value ? `${value.metric} ${text(run)}` : text(run);
  });
  return [header, ...cells];
}

function least(name: RunColumn): number {
  return name === "group" ? NARROWEST.group : NARROWEST.other;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function longest(cells: readonly string[]): number {
  return Math.max(...cells.map(lengthOf));
}

/** Width of the table with all texts as short as they may be. */
function narrowest(runs: readonly RunSummary[], columns: readonly RunColumn[]): number {
  const widths = columns.map((name) => {
    const full = longest(column(runs, name));
    return COLUMNS[name].shrinks ? Math.min(full, least(name)) : full;
  });
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1);
}

/** Takes what is too much from the longest texts. */
function fit(full: readonly number[], columns: readonly RunColumn[], width: number): number[] {
  const widths = [...full];
  let over = widths.reduce((sum, each) => sum + each, 0) + GAP * (columns.length - 1) - width;
  for (; over > 0; over--) {
    let widest = -1;
    for (const [at, name] of columns.entries()) {
      if (!COLUMNS[name].shrinks || widths[at] <= least(name)) continue;
      if (widest < 0 || widths[at] > widths[widest]) widest = at;
    }
    if (widest < 0) break;
    widths[widest]--;
  }
  return widths;
}

/** Takes out the middle: names of groups begin with a time and end with what tells them apart. */
function shorten(text: string, width: number): string {
  const letters = [...text];
  if (letters.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return letters.slice(0, width - 1 - tail).join("") + "…" + letters.slice(-tail).join("");
}

/** A value with as many digits as its interval or its deviation allows. */
function valueText(run: RunValue | undefined): string {
  if (run === undefined) return "";
  const { value, low, high, sd, folds } = run;
  if (low !== undefined && high !== undefined) {
    const digits = digitsFor(high - low);
    const [number, from, to] = [value, low, high].map((each) => plain(each, digits));
    return `${number} [${from}, ${to}]`;
  }
  const deviation = sd === undefined ? "" : ` ± ${plain(sd, 4)}`;
  const some = folds === undefined ? "" : ` (${folds} of the folds)`;
  return plain(value, 4) + deviation + some;
}

/** Digits after the point that a range of values tells apart. */
function digitsFor(range: number): number {
  if (!(range > 0)) return 4;
  return Math.min(6, Math.max(0, Math.ceil(-Math.log10(range)) + 1));
}

function plain(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return value.toFixed(digits);
}

function duration(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  return h > 0 ? `${h}h${two(m)}m` : `${m}m${two(s)}s`;
}

/**
 * Sorts runs by a column.
 * @param runs The runs.
 * @param order Name of the column, with `-` before it to begin with the last.
 * @returns The runs in their new order; those without a value come last either way.
 */
export function sortRuns(runs: readonly RunSummary[], order: string): RunSummary[] {
  const name = order.replace(/^-/, "");
  const sign = order.startsWith("-") ? -1 : 1;
  const { key } = COLUMNS[RUN_COLUMNS.find((known) => known === name)!];
  return runs.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)];
    if (one === undefined || other === undefined) {
      return Number(one === undefined) - Number(other === undefined);
    }
    if (typeof one === "number" && typeof other === "number") return sign * (one - other);
    return sign * String(one).localeCompare(String(other), "en", { numeric: true });
  });
}
