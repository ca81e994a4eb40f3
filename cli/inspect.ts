/**
 * `glovita_inspect`: says what feature files, folders of slides, checkpoints and runs are, and
 * whether training would refuse them.
 * @module
 */
import type { InspectOptions } from "../jobs/inspect/inspect.ts";
import type { Inspection } from "../jobs/inspect/inspection.ts";
import { choice, flag, type OptionEntries } from "../registry/options/mod.ts";
import { ignoredFields } from "../registry/config/resolve.ts";
import type { ConfigPart } from "../registry/configure.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { createInspectReport, renderInspection } from "./inspect_report.ts";
import { consoleIo, type Io } from "./io.ts";
import {
  DATA_SECTION,
  dataOptions,
  type JobCommand,
  type PreparedJob,
  prepareJob,
} from "./job_command.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Inspects. */
export type Inspect = (path: string, options: InspectOptions) => Promise<Inspection>;

/** Parts of the command that tests replace. */
export interface InspectCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Gives the function that inspects, once it is needed. */
  readonly loadInspect?: () => Promise<Inspect>;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

/** Options of the command itself. */
interface InspectFields {
  /** Whether JSON is written. */
  readonly json: boolean;
  /** Whether all values are read. */
  readonly scan: boolean;
  /** What labels in packed files are. */
  readonly labels: "class" | "multilabel" | "regression" | null;
}

const entries: OptionEntries<InspectFields> = {
  json: flag(false, "Whether JSON is written instead of text: a list with an object per PATH."),
  scan: flag(true, "Whether all values are read, to find NaN, Inf and damage."),
  labels: choice(null, "What labels in packed feature files are; class where not given.", [
    "class",
    "multilabel",
    "regression",
  ]),
};

const COMMAND: JobCommand = {
  name: "glovita_inspect",
  description:
    "Says what feature files, folders of slides, checkpoints and runs are. Exits with 1 " +
    "if training would refuse one of them.",
  examples: [
    "glovita_inspect train.h5 val.h5",
    "glovita_inspect slides/h5_files --labels_file dataset.csv --split_file splits/splits_0.csv",
    "glovita_inspect slides/stamp --labels_file clini.csv --slides_file slide.csv \\",
    "  --label_columns KRAS --split_file splits.json --fold 0",
    "glovita_inspect experiments/slide_features/GROUP/0/checkpoints/best.pt",
    "glovita_inspect slides --no_scan --json",
  ],
  words: "PATH ...",
  base: { data: { dataset: "slide_features" } },
  sections: [
    { path: "", description: "What is read and shown", entries },
    DATA_SECTION,
  ],
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code: 1 if training would refuse what was inspected.
 */
export async function inspectCommand(
  args: readonly string[],
  options: InspectCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const job = await prepareJob(args, COMMAND, { io, sources });
    return job === undefined ? EXIT.ok : await run(job, io, options);
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(
  job: PreparedJob,
  io: Io,
  { loadInspect = importInspect, listen }: InspectCommandOptions,
): Promise<number> {
  const paths = pathsOf(job);
  requireTable(job);
  for (const line of ignoredFields(unusedIn(job))) io.err(`note: ${line}`);
  const { json, scan, labels } = job.tree as unknown as InspectFields;
  const report = await createInspectReport(io);
  const found: Inspection[] = [];
  const stopped = await untilStopped(async (signal) => {
    const inspect = await loadInspect();
    for (const path of paths) {
      const inspection = await inspect(path, {
        config: [{ data: dataOptions(job) } as ConfigPart],
        ...(labels !== null && { labels }),
        ...{ scan, signal, registry: job.registry, onProgress: report.show },
      });
      report.close();
      if (!json) { for (const line of linesOf(inspection, found.length)) io.out(line); }
      found.push(inspection);
    }
  }, { io, last: "block", listen }).finally(report.close);
  if (stopped !== undefined) {
    io.err("interrupted; nothing is said of what was not read");
    return exitCode(stopped);
  }
  if (json) io.out(JSON.stringify(found, undefined, 2));
  return found.every(({ problems }) => problems.length === 0) ? EXIT.ok : EXIT.data;
}

/** The words before the flags, or the folder that the config names. */
function pathsOf(job: PreparedJob): readonly string[] {
  const { data_root_dir } = dataOptions(job);
  if (job.paths.length > 0) return job.paths;
  if (typeof data_root_dir === "string") return [data_root_dir];
  throw new ConfigError([{
    path: "PATH",
    message: "expected at least one file or folder",
  }]);
}

/** Fields that say how tables are read, without which they say nothing. */
const OF_TABLES = [
  ...["slides_file", "slide_column", "patient_column", "label_columns", "class_names"],
  ...["split_file", "split_column"],
];

function requireTable(job: PreparedJob): void {
  const lone = OF_TABLES.map((name) => `data.${name}`).find((path) => job.given.includes(path));
  if (lone === undefined || dataOptions(job).labels_file !== null) return;
  const message = `expected a table of labels, as ${lone} is given`;
  throw new ConfigError([{ path: "data.labels_file", message }]);
}

/** Fields that decide how a run trains, not what its data is. */
const UNUSED = ["data.data_fraction", "data.stratified", "data.max_instances"];

function unusedIn({ given, paths }: PreparedJob): string[] {
  const unused = paths.length > 0 ? [...UNUSED, "data.data_root_dir"] : UNUSED;
  return unused.filter((path) => given.includes(path));
}

/** Lines of an inspection; an empty one lies between two. */
function linesOf(inspection: Inspection, before: number): string[] {
  return [...before > 0 ? [""] : [], ...renderInspection(inspection)];
}

async function importInspect(): Promise<Inspect> {
  const { inspect } = await import("../jobs/inspect/inspect.ts");
  return inspect;
}

if (import.meta.main) Deno.exit(await inspectCommand(Deno.args));
