/**
 * Shows what an inspection found: facts, tables, notes and problems; and how far it is.
 * @module
 */
import type {
  Inspection,
  InspectProgress,
  RunFacts,
  SlideTableFacts,
  StoredDataset,
  TensorFacts,
} from "../jobs/inspect/inspection.ts";
import { quoted } from "../engine/storage/table.ts";
import { escapeControls } from "../engine/storage/text_file.ts";
import type { Io } from "./io.ts";
import {
  counted,
  formOf,
  shapeOf,
  type ShownFact,
  spreadIn,
  storageOf,
  targetLines,
  valuesIn,
} from "./_inspect_words.ts";
import { Progress } from "./progress.ts";
import { factLines, formatNumber, textTable } from "./text_table.ts";

/** Most lines of a list. */
const MOST_LINES = 20;

/** What is shown of one kind. */
interface View {
  /** What it is, behind its path. */
  readonly title: string;
  /** Facts. */
  readonly facts?: readonly ShownFact[];
  /** Tables and other lines. */
  readonly lines?: readonly string[];
}

/** How each kind of inspection is shown. */
const VIEWS: { readonly [K in Inspection["kind"]]: (found: Found<K>) => View } = {
  feature_file: (found) => ({
    title: found.layout === undefined
      ? "a feature file that cannot be used"
      : `${formOf(found.layout)}, ${counted(found.samples!, "sample")}, ` +
        `${formatNumber(found.embedDim!)} wide, ${found.dtype}`,
    facts: [
      ["instances", spreadIn(found.instances, "bag")],
      ["values", valuesIn(found.scan)],
    ],
    lines: [
      ...datasetLines(found.datasets),
      ...attributeLines(found.attributes),
      ...targetLines(found.targets, "samples"),
    ],
  }),
  slide: (found) => ({
    title: `features of one slide (${found.format}), ${counted(found.instances, "instance")}, ` +
      `${formatNumber(found.embedDim)} wide, ${found.dtype}`,
    facts: [
      ["shape", shapeOf(found.shape)],
      ["values", valuesIn(found.scan)],
    ],
    lines: [...datasetLines(found.datasets), ...attributeLines(found.attributes)],
  }),
  slides: (found) => {
    const { table } = found;
    return {
      title: `${counted(found.slides, "slide")}${
        found.embedDims.length === 0
          ? ""
          : `, ${found.embedDims.map(formatNumber).join(" or ")} wide, ${found.dtypes.join(", ")}`
      }`,
      facts: [
        ["files", listOf(found.files)],
        [
          "layout",
          { bags: "bags of instances", vectors: "one vector per slide", mixed: "bags and vectors" }[
            found.layout
          ],
        ],
        ["instances", spreadIn(found.instances, table?.bagLevel ?? "slide")],
        ["values", valuesIn(found.scan)],
        [
          "labels",
          table &&
          `${quoted(table.labelColumns)} of "${table.file}", ${counted(table.rows, "row")}`,
        ],
        ["patients", table && (table.hasPatients ? undefined : "unknown")],
      ],
      lines: [
        ...targetLines(table?.targets, table?.bagLevel === "patient" ? "bags" : "slides"),
        ...(table ? splitLines(table) : []),
      ],
    };
  },
  folder: (found) => ({
    title: found.entries.length === 0
      ? "a folder without features"
      : `a folder of ${counted(found.entries.length, "file")} with features or weights`,
    facts: [["files", listOf(found.files)]],
    lines: entryLines(found.path, found.entries),
  }),
  weights: (found) => ({
    title: `${found.run ? "a checkpoint" : "weights"} (${found.format}), ` +
      `${counted(found.tensors.length, "tensor")}, ${counted(found.parameters, "value")}`,
    facts: [
      ["tensors in", found.keys.length === 0 ? undefined : `"${found.keys.join(".")}"`],
      ["also holds", found.others.length === 0 ? undefined : quoted(found.others)],
      ["epoch", found.epoch === undefined ? undefined : formatNumber(found.epoch)],
      ...runFacts(found.run),
    ],
    lines: tensorLines(found.tensors),
  }),
  run: (found) => ({
    title: found.runs.length === 1 ? "a run" : `a run of ${counted(found.runs.length, "fold")}`,
    lines: found.runs.flatMap((run) => [
      "",
      `  ${run.fold === undefined ? run.directory : `fold ${run.fold}`}`,
      ...factLines(runFacts(run), 4),
    ]),
  }),
  other: (found) => ({
    title: found.datasets.length > 0 ? "an HDF5 file without features" : "cannot be inspected",
    lines: datasetLines(found.datasets),
  }),
};

type Found<K extends Inspection["kind"]> = Extract<Inspection, { readonly kind: K }>;

function viewOf<K extends Inspection["kind"]>(found: Found<K>): View {
  const view = VIEWS[found.kind] as (found: Found<K>) => View;
  return view(found);
}

/**
 * Writes what was found.
 * @param found What was found.
 * @returns The lines.
 *
 * @example A file that cannot be read
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const problems = ['Cannot read "a.h5": it is truncated'];
 * const found = { kind: "other", path: "a.h5", datasets: [], problems, notices: [] } as const;
 * assertEquals(renderInspection(found), [
 *   "a.h5: cannot be inspected",
 *   "",
 *   "  1 problem",
 *   '    Cannot read "a.h5": it is truncated',
 * ]);
 * ```
 */
export function renderInspection(found: Inspection): string[] {
  const { title, facts = [], lines = [] } = viewOf(found);
  return [
    `${found.path}: ${title}`,
    ...factLines(facts, 2),
    ...lines,
    ...listLines(counted(found.notices.length, "note"), found.notices),
    ...found.problems.length === 0
      ? ["", "  no problems"]
      : listLines(counted(found.problems.length, "problem"), found.problems),
  ].map(escapeControls);
}

/** A list below its heading; nothing where it is empty. */
function listLines(heading: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, MOST_LINES).map((item) => `    ${item}`);
  return ["", `  ${heading}`, ...shown, ...more(items.length)];
}

/** Says what a list of so many items does not show. */
function more(count: number): string[] {
  return count > MOST_LINES
    ? [`    … and ${formatNumber(count - MOST_LINES)} more; --json lists all`]
    : [];
}

function listOf(files: Readonly<Record<string, number>>): string | undefined {
  const words = Object.entries(files).map(([end, count]) =>
    `${formatNumber(count)} ${end === "" ? "without an end" : end}`
  );
  return words.length === 0 ? undefined : words.join(", ");
}

function datasetLines(datasets: readonly StoredDataset[]): string[] {
  if (datasets.length === 0) return [];
  const rows = datasets.slice(0, MOST_LINES).map((dataset) => [
    dataset.name,
    dataset.dtype,
    shapeOf(dataset.shape),
    storageOf(dataset),
  ]);
  const attributes = datasets.flatMap(({ name, attributes }) => attributeLines(attributes, name));
  return [
    "",
    ...textTable([["dataset", "dtype", "shape", "stored"], ...rows], 2),
    ...more(datasets.length),
    ...attributes,
  ];
}

function attributeLines(attributes: Readonly<Record<string, unknown>>, of = "the file"): string[] {
  const facts = Object.entries(attributes).map(([name, value]): ShownFact => {
    const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
    return [name, text.length > 120 ? `${text.slice(0, 120)}…` : text];
  });
  return facts.length === 0 ? [] : ["", `  attributes of ${of}`, ...factLines(facts, 4)];
}

function tensorLines(tensors: readonly TensorFacts[]): string[] {
  const rows = tensors.slice(0, MOST_LINES).map((
    { name, dtype, shape },
  ) => [name, dtype, shapeOf(shape)]);
  return rows.length === 0
    ? []
    : ["", ...textTable([["tensor", "dtype", "shape"], ...rows], 2), ...more(tensors.length)];
}

function entryLines(path: string, entries: readonly Inspection[]): string[] {
  const rows = entries.slice(0, MOST_LINES).map((entry) => {
    const below = entry.path.startsWith(`${path}/`)
      ? entry.path.slice(path.length + 1)
      : entry.path;
    const mark = entry.problems.length === 0 ? "ok" : counted(entry.problems.length, "problem");
    return `    ${below}: ${mark}, ${viewOf(entry).title}`;
  });
  return rows.length === 0 ? [] : ["", "  contents", ...rows, ...more(entries.length)];
}

function runFacts(run: RunFacts | undefined): ShownFact[] {
  if (run === undefined) return [];
  const numbers = (values: RunFacts["lastVal"]) =>
    Object.entries(values).filter(([name]) => name !== "epoch").map(([name, value]) =>
      `${name} ${value === null ? "NaN" : formatNumber(value)}`
    ).join(", ") || undefined;
  const { best, splits } = run;
  const sizes = Object.entries(splits).map(([name, count]) => `${name} ${formatNumber(count)}`);
  return [
    ["run", run.directory],
    ["plugins", Object.entries(run.plugins).map(([slot, key]) => `${slot} ${key}`).join(", ")],
    [
      "epochs",
      run.wantedEpochs === undefined
        ? formatNumber(run.epochs)
        : `${formatNumber(run.epochs)} of ${formatNumber(run.wantedEpochs)}`,
    ],
    ["best", best && `${best.metric} ${formatNumber(best.value)} in epoch ${best.epoch}`],
    ["last val", numbers(run.lastVal)],
    ["test", run.test && numbers(run.test)],
    ["samples", sizes.length === 0 ? undefined : sizes.join(", ")],
  ];
}

function splitLines({ splits, hasPatients }: SlideTableFacts): string[] {
  if (splits.length === 0) return [];
  const [{ fold, from }] = splits;
  if (fold === undefined) {
    const leaks = splits[0].leaks.length;
    const state = leaks === 0 ? "none" : `${counted(leaks, "patient")} on two sides`;
    return ["", ...factLines([["splits", from], ["leaks", hasPatients ? state : undefined]], 2)];
  }
  const rows = splits.map(({ fold, counts, leaks }) => [
    String(fold),
    counts.train?.samples,
    counts.val?.samples,
    counts.test?.samples,
    leaks.length,
  ]);
  return [
    "",
    ...factLines([["splits", from]], 2),
    "",
    ...textTable([["fold", "train", "val", "test", "leaks"], ...rows], 2),
  ];
}

/** Shows how far an inspection is. */
export interface InspectReport {
  /** Shows a step. */
  readonly show: (progress: InspectProgress) => void;
  /** Takes the progress bar away. */
  readonly close: () => void;
}

const FORMAT = "{step} [{bar}] {value}/{total} {unit}, {eta_formatted} left";
/** Seconds between two lines where there is no bar: short inspections show none. */
const SECONDS = 10;

/**
 * Makes ready to show progress. It goes where notes go, so that results can be redirected.
 * @param io Where lines go, and whether a person watches.
 * @param now Clock in milliseconds; the system's where not given.
 */
export async function createInspectReport(io: Io, now?: () => number): Promise<InspectReport> {
  const quiet: Io = {
    out: (line) => io.err(line),
    err: (line) => io.err(line),
    terminal: io.terminal,
  };
  const progress = await Progress.create(quiet, {
    format: FORMAT,
    pace: { seconds: SECONDS },
    now,
  });
  let last: InspectProgress["step"] | undefined;
  return {
    show({ step, path, done, total }) {
      if (step !== last) progress.stop();
      last = step;
      const unit = step === "headers" ? "files" : "rows";
      const payload = { step: `reading ${step} of ${path}`, unit };
      const line = `reading ${step} of ${path}: ${formatNumber(done)} of ${
        formatNumber(total)
      } ${unit}`;
      progress.show({ done, total, payload, line });
    },
    close: () => progress.stop(),
  };
}
