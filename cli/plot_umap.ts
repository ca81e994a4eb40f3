/**
 * `glovita_plot_umap`: plots feature files, neighbours next to each other.
 * @module
 */
import { PLOT_UMAP_SECTIONS, type PlotUmapOptions } from "../jobs/plot_umap/config.ts";
import type { PlotEvent } from "../jobs/plot_umap/plot_umap.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { type JobCommand, prepareJob } from "./job_command.ts";
import { Progress } from "./progress.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface PlotUmapCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: JobCommand = {
  name: "glovita_plot_umap",
  description:
    "Plots feature files by UMAP: a point per sample, neighbours in feature space next " +
    "to each other. Files hold one feature vector per sample; bags are refused.",
  examples: [
    "glovita_plot_umap --h5_path train.h5",
    "glovita_plot_umap --h5_path train.h5 val.h5 test.h5 --color_by split --format html",
    "glovita_plot_umap --h5_path test.h5 --color_by correct --predictions predictions.csv",
  ],
  words: "[options]",
  sections: PLOT_UMAP_SECTIONS,
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function plotUmapCommand(
  args: readonly string[],
  options: PlotUmapCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => Promise.resolve(), listen } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    const [word] = prepared.paths;
    if (word !== undefined) {
      const message = "expected a flag such as --h5_path, received a word that belongs to none";
      throw new ConfigError([{ path: word, message }]);
    }
    return await run(prepared.tree as unknown as PlotUmapOptions, { io, listen });
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(
  options: PlotUmapOptions,
  { io, listen }: { readonly io: Io; readonly listen?: Listen },
): Promise<number> {
  const { plotUmap } = await import("../jobs/plot_umap/plot_umap.ts");
  const report = await PlotReport.create(io);
  let path: string | undefined;
  const stopped = await untilStopped(async (signal) => {
    path = await plotUmap(options, { signal, onEvent: (event) => report.show(event) });
  }, { io, last: "step", listen }).finally(() => report.close());
  if (stopped !== undefined) {
    io.err("interrupted, nothing was written");
    return exitCode(stopped);
  }
  io.out(`Saved ${path}`);
  return EXIT.ok;
}

/** Shows what happens, in GloViTa's words. */
class PlotReport {
  readonly #io: Io;
  readonly #progress: Progress;

  private constructor(io: Io, progress: Progress) {
    this.#io = io;
    this.#progress = progress;
  }

  static async create(io: Io): Promise<PlotReport> {
    const format = "[{bar}] {step} {value}/{total} | {eta_formatted} left";
    return new PlotReport(io, await Progress.create(io, { format, pace: { seconds: 10 } }));
  }

  show(event: PlotEvent): void {
    switch (event.type) {
      case "files":
        for (const path of event.paths) this.#io.out(`H5 file: ${path}`);
        return this.#io.out("Loading embeddings...");
      case "samples": {
        const { samples, total, classes } = event;
        const some = samples < total ? ` of ${total.toLocaleString("en-US")}` : "";
        this.#io.out(`  ${samples.toLocaleString("en-US")}${some} samples, ${classes} classes`);
        return this.#io.out("Fitting UMAP...");
      }
      case "progress": {
        const { step, done, total } = event;
        if (done === total) return this.#progress.stop();
        return this.#progress.show({
          done,
          total,
          payload: { step },
          line: `  ${step}: ${done}/${total} ${step === "layout" ? "epochs" : "samples"}`,
        });
      }
      case "notice":
        this.#progress.stop();
        return this.#io.err(`note: ${event.message}`);
    }
  }

  close(): void {
    this.#progress.stop();
  }
}

if (import.meta.main) Deno.exit(await plotUmapCommand(Deno.args));
