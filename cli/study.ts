/**
 * `glovita_study`: trains a config at many points, alone or as the tasks of a cluster.
 * @module
 */
import { firstLine } from "../engine/first_line.ts";
import type { StudyPoint } from "../jobs/study/points.ts";
import { studyStatus } from "../jobs/study/records.ts";
import type { PointOutcome } from "../jobs/study/run_point.ts";
import { readStudy, type Study } from "../jobs/study/study.ts";
import type { Section } from "../registry/config/sections.ts";
import { environmentShard } from "../registry/config/shards.ts";
import { ConfigError } from "../registry/errors.ts";
import type { Registry } from "../registry/registry.ts";
import { count, flag, type OptionEntries, text } from "../registry/options/mod.ts";
import { partNotices } from "../jobs/shards/parts.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { type JobCommand, prepareJob } from "./job_command.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";
import { pointLine, statusLines } from "./study_table.ts";
import { createTrainReport } from "./train_report.ts";

/** Parts of the command that tests replace. */
export interface StudyCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

/** Options of the command. */
interface StudyOptions {
  /** Whether the points are listed. */
  readonly list: boolean;
  /** Whether it is shown how far the points are. */
  readonly status: boolean;
  /** The only point that is trained, or those of a task of a cluster. */
  readonly run: string | null;
  /** Whether all points are trained here. */
  readonly local: boolean;
  /** Points that are trained at once. */
  readonly jobs: number;
}

const entries: OptionEntries<StudyOptions> = {
  list: flag(false, "Whether the points are listed, with what each of them sets."),
  status: flag(false, "Whether it is shown how far the points are; so it is without other flags."),
  run: text(
    null,
    "Number of the point to train; auto: those of this task of a SLURM array or an Indexed Job.",
    {
      check: (run) =>
        /^([1-9]\d*|auto)$/.test(run)
          ? undefined
          : `expected a number from 1, or auto, received "${run}"`,
    },
  ),
  local: flag(false, "Whether all points that are not done are trained here."),
  jobs: count(1, "Points that --local trains at once, on a thread each.", { max: 64 }),
};

const SECTIONS: readonly Section[] = [{ path: "", description: "What is done", entries }];

const COMMAND: JobCommand = {
  name: "glovita_study",
  description:
    "Trains one config at many points: a grid, a list, or random draws of values of its fields, over " +
    "folds. Each point is a run of its own; done ones are skipped, stopped ones go on.",
  examples: [
    "glovita_study STUDY.json --list",
    "glovita_study STUDY.json --local --jobs 2",
    "glovita_study STUDY.json --run auto   (in a SLURM array or an Indexed Job)",
    "glovita_study STUDY.json --status",
  ],
  words: "STUDY.json [options]",
  sections: SECTIONS,
};

/** A point, counted from 1. */
interface Numbered {
  readonly index: number;
  readonly point: StudyPoint;
}

interface Context {
  readonly file: string;
  readonly study: Study;
  readonly registry: Registry;
  readonly plugins: readonly string[];
  readonly io: Io;
  readonly listen?: Listen;
}

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code: 1 where a point failed.
 */
export async function studyCommand(
  args: readonly string[],
  options: StudyCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts"), listen } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    const { paths, registry, plugins } = prepared;
    const asked = prepared.tree as unknown as StudyOptions;
    requireOne(paths, asked);
    const [file] = paths;
    const study = readStudy(file);
    const context: Context = { file, study, registry, plugins, io, listen };
    if (asked.list) study.points.forEach((point, at) => io.out(pointLine(at + 1, point)));
    else if (asked.run === null && !asked.local) {
      for (const line of statusLines(studyStatus(study))) io.out(line);
    } else return await trainPoints(chosen(asked.run, context), asked.jobs, context);
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error, io);
  }
}

function requireOne(paths: readonly string[], { run, jobs, ...asked }: StudyOptions): void {
  const issue = (path: string, message: string) => new ConfigError([{ path, message }]);
  if (paths.length !== 1) {
    throw issue("STUDY.json", `expected one file of a study, received ${paths.length}`);
  }
  const modes = [
    asked.list && "list",
    asked.status && "status",
    run && "run",
    asked.local && "local",
  ]
    .filter((mode) => typeof mode === "string");
  if (modes.length > 1) throw issue(modes[1], `expected one of ${modes.join(" and ")}`);
  if (jobs > 1 && !asked.local) throw issue("jobs", "expected --local with more than one job");
}

/** The points that are to be trained; of a task of a cluster every n-th one. */
function chosen(run: string | null, { study: { points }, io }: Context): Numbered[] {
  const all = points.map((point, at) => ({ index: at + 1, point }));
  if (run === null) return all;
  if (run !== "auto") {
    const found = all[Number(run) - 1];
    if (found !== undefined) return [found];
    const message = `expected a point from 1 to ${points.length}, received ${run}`;
    throw new ConfigError([{ path: "run", message }]);
  }
  const shard = environmentShard((name) => Deno.env.get(name), "run");
  for (const notice of partNotices(shard)) writeNote(io, notice);
  const own = all.filter(({ index }) => (index - shard.index) % shard.count === 0);
  if (own.length === 0) {
    writeNote(io, `there are ${points.length} points, none is left for this task`);
  }
  return own;
}

async function trainPoints(
  points: readonly Numbered[],
  jobs: number,
  context: Context,
): Promise<number> {
  const { io, listen } = context;
  const failures: unknown[] = [];
  const left = [...points];
  const trainOne = jobs === 1 ? trainHere : trainOnThread;
  const stopped = await untilStopped(async (signal) => {
    const work = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        signal.throwIfAborted();
        try {
          const outcome = await trainOne(next, signal, context);
          io.out(`${pointLine(next.index, next.point)}: ${outcome.kept ? "done before" : "done"}`);
        } catch (error) {
          if (signal.aborted || points.length === 1) throw error;
          failures.push(error);
          io.err(`${pointLine(next.index, next.point)}: failed, ${firstLine(error)}`);
        }
      }
    };
    const done = await Promise.allSettled(Array.from({ length: jobs }, work));
    for (const each of done) if (each.status === "rejected") throw each.reason;
  }, { io, last: "batch", listen });
  if (stopped !== undefined) {
    io.err("interrupted; the same command continues");
    return exitCode(stopped);
  }
  if (failures.length > 0) io.err(`${failures.length} of ${points.length} points failed`);
  return failures.length > 0 ? EXIT.data : EXIT.ok;
}

async function trainHere(
  { index, point }: Numbered,
  signal: AbortSignal,
  { study, registry, plugins, io }: Context,
): Promise<PointOutcome> {
  const { runPoint } = await import("../jobs/study/run_point.ts");
  io.out(pointLine(index, point));
  const report = await createTrainReport(io, { cluster: true });
  try {
    const onEvent = report.show.bind(report);
    return await runPoint(study, point, { registry, plugins, signal, onEvent });
  } finally {
    report.close();
  }
}

/** Training blocks its thread, so points that are trained at once have one each. */
async function trainOnThread(
  { index }: Numbered,
  signal: AbortSignal,
  { file, plugins }: Context,
): Promise<PointOutcome> {
  const { PointThread } = await import("./study_thread.ts");
  return await PointThread.run({ file, index, plugins }, signal);
}

if (import.meta.main) Deno.exit(await studyCommand(Deno.args));
