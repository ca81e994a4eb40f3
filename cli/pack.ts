/**
 * `glovita_pack`: packs a directory of slides into one file of bags per split.
 * @module
 */
import type { PackOptions } from "../jobs/pack/pack.ts";
import type { PackEvent } from "../jobs/pack/events.ts";
import { PACK_SECTIONS, type PackConfig } from "../registry/config/pack.ts";
import { expectedIssue } from "../registry/config/issues.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { type JobCommand, type PreparedJob, prepareJob } from "./job_command.ts";
import { type Pace, Progress } from "./progress.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface PackCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: JobCommand = {
  name: "glovita_pack",
  description: "Packs a directory of slides into one file of bags per split, bags_{split}.h5, " +
    "which the dataset precomputed_features reads.",
  examples: [
    "glovita_pack features --labels_file labels.csv --output_dir packed",
    "glovita_pack features --labels_file labels.csv --split_file splits/splits_0.csv \\",
    "  --output_dir packed --precision 16",
    "glovita_pack features --labels_file labels.csv --output_dir packed --resume",
  ],
  words: "DIR",
  sections: PACK_SECTIONS,
  base: { data: { dataset: "slide_features" } },
};

const PACE: Pace = { seconds: 30 };

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function packCommand(
  args: readonly string[],
  options: PackCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    return prepared === undefined ? EXIT.ok : await run(prepared, io, options.listen);
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(prepared: PreparedJob, io: Io, listen?: Listen): Promise<number> {
  const { registry, given } = prepared;
  const config = configOf(prepared);
  const progress = await Progress.create(io, { format: "[{bar}] {text}", pace: PACE });
  const stopped = await untilStopped(async (signal) => {
    try {
      const { pack } = await import("../jobs/pack/pack.ts");
      const onEvent: PackOptions["onEvent"] = (event) => show(event, { io, progress });
      await pack(config, { registry, given, signal, onEvent });
    } finally {
      progress.stop();
    }
  }, { io, last: "slide", listen });
  if (stopped === undefined) return EXIT.ok;
  io.err("interrupted; the same command with --resume keeps the files that are finished");
  return exitCode(stopped);
}

/** The config, with the directory where the words name it. */
function configOf({ paths, tree }: PreparedJob): PackConfig {
  const config = tree as unknown as PackConfig;
  const named = [...paths, ...[config.data.data_root_dir ?? []].flat()];
  const [data_root_dir] = named;
  if (named.length === 1) return { ...config, data: { ...config.data, data_root_dir } };
  const expected = "one directory of slides, as in glovita_pack DIR";
  const received = named.length === 0 ? undefined : named;
  throw new ConfigError([expectedIssue("data.data_root_dir", expected, received)]);
}

function show(
  event: PackEvent,
  { io, progress }: { readonly io: Io; readonly progress: Progress },
): void {
  switch (event.type) {
    case "notice":
      progress.stop();
      return io.err(`note: ${event.message}`);
    case "survey":
    case "progress": {
      const { split, done, samples } = event;
      const what = event.type === "survey" ? "looked at" : "packed";
      const text = `${split}: ${done}/${samples} samples ${what}`;
      return progress.show({ done, total: samples, payload: { text }, line: text });
    }
    case "file": {
      progress.stop();
      const { split, file, samples, instances, embedDim, precision, kept } = event;
      const size = `${samples} sample${
        samples === 1 ? "" : "s"
      }, ${instances} x ${embedDim} float${precision}`;
      return io.out(`${split}: ${file}, ${size}${kept ? ", finished before" : ""}`);
    }
  }
}

if (import.meta.main) Deno.exit(await packCommand(Deno.args));
