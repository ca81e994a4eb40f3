/**
 * `glovita_report`: shows what came of runs, as one page or as images.
 * @module
 */
import { REPORT_SECTIONS, type ReportOptions } from "../jobs/report/config.ts";
import type { ReportEvent, WrittenReport } from "../jobs/report/report.ts";
import { isFile } from "../engine/storage/is_file.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { type JobCommand, type PreparedJob, prepareJob } from "./job_command.ts";
import { Progress } from "./progress.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface ReportCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: JobCommand = {
  name: "glovita_report",
  description:
    "Shows what came of runs: numbers with intervals, learning curves, confusion matrix, ROC and " +
    "precision-recall curves, reliability, mistakes, data and versions, as one HTML file that needs " +
    "no network. PATH is a run, a group of folds, a folder of experiments or the file of a study; several are " +
    "compared.",
  examples: [
    "glovita_report experiments/precomputed_features/GROUP/0",
    "glovita_report experiments/precomputed_features/GROUP --output folds.html",
    "glovita_report experiments",
    "glovita_report experiments/precomputed_features/GROUP/0 --format png --output figures",
  ],
  words: "PATH... [options]",
  sections: REPORT_SECTIONS,
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function reportCommand(
  args: readonly string[],
  options: ReportCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts"), listen } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    if (prepared.paths.length === 0) {
      const message = "expected a run, a group of runs or a folder of them, received nothing";
      throw new ConfigError([{ path: "PATH", message }]);
    }
    return await run(prepared, { io, listen });
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(
  { paths, tree, registry }: PreparedJob,
  { io, listen }: { readonly io: Io; readonly listen?: Listen },
): Promise<number> {
  const { report } = await import("../jobs/report/report.ts");
  const format = "[{bar}] {value}/{total} {what}";
  const progress = await Progress.create(io, { format, pace: { seconds: 10 } });
  let written: WrittenReport | undefined;
  const stopped = await untilStopped(async (signal) => {
    const onEvent = (event: ReportEvent) => show(event, io, progress);
    written = await report(await foldersOf(paths), tree as unknown as ReportOptions, {
      registry,
      signal,
      onEvent,
    });
  }, { io, last: "step", listen }).finally(() => progress.stop());
  if (written === undefined) {
    io.err("interrupted, nothing was written");
    return stopped === undefined ? EXIT.ok : exitCode(stopped);
  }
  for (const file of written.files) io.out(`Saved ${file}`);
  return EXIT.ok;
}

/** Paths, with the folders of its runs in the place of a study. */
async function foldersOf(paths: readonly string[]): Promise<string[]> {
  const { readStudy } = await import("../jobs/study/study.ts");
  return paths.map((path) => /\.json$/i.test(path) && isFile(path) ? readStudy(path).folder : path);
}

function show(event: ReportEvent, io: Io, progress: Progress): void {
  if (event.type === "notice") {
    progress.stop();
    return writeNote(io, event.message);
  }
  const { type, done, total } = event;
  if (done === total) return progress.stop();
  const what = type === "read" ? "runs" : "figures";
  progress.show({ done, total, payload: { what }, line: `  ${what}: ${done}/${total}` });
}

if (import.meta.main) Deno.exit(await reportCommand(Deno.args));
