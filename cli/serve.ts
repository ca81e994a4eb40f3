/**
 * `glovita_serve`: serves the folder of a page on this machine.
 * @module
 */
import { ConfigError } from "../registry/errors.ts";
import { type OptionEntries, whole } from "../registry/options/mod.ts";
import type { Section } from "../registry/config/sections.ts";
import { serveFolder } from "../jobs/serve/serve_folder.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { type JobCommand, prepareJob } from "./job_command.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface ServeCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

/** Options of the command. */
interface ServeOptions {
  /** Port of the address. */
  readonly port: number;
}

const entries: OptionEntries<ServeOptions> = {
  port: whole(8000, "Port of the address; 0 for any free one.", { min: 0, max: 65535 }),
};

const SECTIONS: readonly Section[] = [{ path: "", description: "How it is served", entries }];

const COMMAND: JobCommand = {
  name: "glovita_serve",
  description:
    "Serves a folder, such as the page that glovita_export --browser writes, on 127.0.0.1 with the " +
    "headers that threads in browsers need. DIR is the folder.",
  examples: ["glovita_serve page", "glovita_serve page --port 8080"],
  words: "DIR [options]",
  sections: SECTIONS,
};

/**
 * Runs the command, until a signal stops it.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function serveCommand(
  args: readonly string[],
  options: ServeCommandOptions = {},
): Promise<number> {
  const { io = consoleIo } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns: () => Promise.resolve() };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    const [folder, surplus] = prepared.paths;
    if (folder === undefined || surplus !== undefined) {
      const message = folder === undefined
        ? "expected a folder"
        : "expected one folder, received another";
      throw new ConfigError([{ path: surplus ?? "DIR", message }]);
    }
    const { port } = prepared.tree as unknown as ServeOptions;
    const stopped = await untilStopped(async (signal) => {
      const { url, finished } = await serveFolder(folder, { port, signal });
      io.out(`serving ${folder} at ${url}, for this machine only; Ctrl+C ends it`);
      await finished;
    }, { io, last: "request", listen: options.listen });
    return stopped === undefined ? EXIT.ok : exitCode(stopped);
  } catch (error) {
    return reportFailure(error, io);
  }
}

if (import.meta.main) Deno.exit(await serveCommand(Deno.args));
