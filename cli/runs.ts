/**
 * `glovita_runs`: lists trained runs with their numbers.
 * @module
 */
import type { Section } from "../registry/config/sections.ts";
import { ConfigError, didYouMean, quote } from "../registry/errors.ts";
import { flag, type OptionEntries, text } from "../registry/options/mod.ts";
import { listRuns, type RunSummary } from "../jobs/runs/list_runs.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { type JobCommand, prepareJob } from "./job_command.ts";
import { RUN_COLUMNS, runTable, sortRuns } from "./run_table.ts";

/** Parts of the command that tests replace. */
export interface RunsCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Characters of a line. @default {those of the terminal} */
  readonly width?: number;
}

/** Options of the command. */
interface RunsOptions {
  /** Column to sort by, with `-` before it to begin with the last; the time of the start. */
  readonly sort: string | null;
  /** Whether everything is written as JSON. */
  readonly json: boolean;
}

const entries: OptionEntries<RunsOptions> = {
  sort: text(
    null,
    `Column to sort by, one of ${RUN_COLUMNS.join(", ")}; with - before it from the largest on. ` +
      "The time of the start where not given.",
    { check: checkOrder },
  ),
  json: flag(false, "Whether everything that is known is written as JSON."),
};

const SECTIONS: readonly Section[] = [{ path: "", description: "How runs are shown", entries }];

const COMMAND: JobCommand = {
  name: "glovita_runs",
  description:
    "Lists trained runs with their numbers, the folds of a cross-validation as one run. " +
    "EXP_DIR is a folder of experiments, or the folder of a dataset or of a group within one; " +
    "./experiments where not given.",
  examples: [
    "glovita_runs",
    "glovita_runs experiments/precomputed_features --sort -test",
    "glovita_runs experiments --json",
  ],
  words: "[EXP_DIR] [options]",
  sections: SECTIONS,
};

/** Where training puts runs that say nothing else. */
const EXP_DIR = "./experiments";

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function runsCommand(
  args: readonly string[],
  options: RunsCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(joinOrder(args), COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    const [path = EXP_DIR, surplus] = prepared.paths;
    if (surplus !== undefined) {
      throw new ConfigError([{ path: surplus, message: "expected one EXP_DIR, received another" }]);
    }
    const { sort, json } = prepared.tree as unknown as RunsOptions;
    const listed = listRuns(path, prepared.registry);
    const runs = sort === null ? listed : sortRuns(listed, sort);
    if (json) io.out(JSON.stringify(runs, null, 2));
    else show(runs, path, { io, width: options.width ?? widthOf(io) });
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error, io);
  }
}

/** `--sort -test` as one word: a value that begins with a dash looks like a flag otherwise. */
function joinOrder(args: readonly string[]): string[] {
  const at = args.indexOf("--sort");
  const order = args[at + 1];
  if (at < 0 || !/^-[a-z]/.test(order ?? "")) return [...args];
  return args.toSpliced(at, 2, `--sort=${order}`);
}

function checkOrder(order: string): string | undefined {
  const name = order.replace(/^-/, "");
  if (RUN_COLUMNS.some((known) => known === name)) return undefined;
  return `expected one of ${RUN_COLUMNS.map(quote).join(", ")}, with or without - before it, ` +
    `received ${quote(order)}${didYouMean(name, RUN_COLUMNS)}`;
}

function show(
  runs: readonly RunSummary[],
  path: string,
  { io, width }: { readonly io: Io; readonly width: number },
): void {
  if (runs.length === 0) return io.err(`note: there are no runs in "${path}"`);
  const { lines, left } = runTable(runs, width);
  for (const line of lines) io.out(line);
  for (const { problem } of runs.flatMap(({ runs }) => runs)) {
    if (problem !== undefined) io.err(`note: ${problem}`);
  }
  if (left.length > 0) {
    io.err(`note: too narrow for ${left.join(", ")}; --json shows everything`);
  }
}

/** Width of the terminal; where lines go elsewhere, they are as long as they are. */
function widthOf({ terminal }: Io): number {
  if (!terminal) return Infinity;
  try {
    return Deno.consoleSize().columns;
  } catch {
    return Infinity;
  }
}

if (import.meta.main) Deno.exit(await runsCommand(Deno.args));
