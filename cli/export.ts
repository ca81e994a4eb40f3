/**
 * `glovita_export`: writes a trained model to one ONNX file.
 * @module
 */
import { dirname } from "node:path";
import { type ExportedModel, exportModel, type ExportOptions } from "../jobs/export/export.ts";
import { findModels } from "../jobs/predict/find_models.ts";
import {
  EXPORT_SECTIONS,
  type ExportConfig,
  resolveExportConfig,
} from "../registry/config/export.ts";
import { type ConfigCommand, type PluginSources, prepare, type Prepared } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface ExportCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: ConfigCommand<ExportConfig> = {
  name: "glovita_export",
  description: "Writes the model of a run, or of a group of folds, to one ONNX file.",
  examples: [
    "glovita_export --exp_dir experiments/precomputed_features/GROUP/0",
    "glovita_export --exp_dir experiments/slide_features/GROUP --output ensemble.onnx",
    "glovita_export --exp_dir experiments/cifar10/GROUP/0 --with_preprocessing --precision 16",
    "glovita_export --exp_dir experiments/slide_features/GROUP/0 --browser page",
  ],
  sections: EXPORT_SECTIONS,
  runFlags: [],
  readRun: () => Promise.resolve({}),
  resolve(sources, registry) {
    const resolution = resolveExportConfig({ ...sources, parts: undefined }, registry);
    const { exp_dir, checkpoint_path } = resolution.config;
    if (exp_dir === null && checkpoint_path === null) findModels(resolution.config);
    return resolution;
  },
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function exportCommand(
  args: readonly string[],
  options: ExportCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepare(args, COMMAND, { io, sources });
    return prepared === undefined ? EXIT.ok : await run(prepared, io, options.listen);
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(
  { config, registry }: Prepared<ExportConfig>,
  io: Io,
  listen: Listen | undefined,
): Promise<number> {
  let done: ExportedModel | undefined;
  const stopped = await untilStopped(async (signal) => {
    const onNotice: ExportOptions["onNotice"] = (message) => writeNote(io, message);
    done = await exportModel(config, { registry, signal, onNotice });
  }, { io, last: "model", listen });
  if (done !== undefined) show(done, io);
  return stopped === undefined ? EXIT.ok : exitCode(stopped);
}

function show(model: ExportedModel, io: Io): void {
  const { checkpoints, file, dataFile, bytes, samples, differences, real } = model;
  for (const checkpoint of checkpoints) io.out(`model ${checkpoint}`);
  io.out(`inputs: ${valuesOf(model.inputs)}`);
  io.out(`outputs: ${valuesOf(model.outputs)}`);
  const which = real ? "of the run's data" : "of random numbers";
  io.out(
    `checked on ${samples} sample${samples === 1 ? "" : "s"} ${which}: ${
      Object.entries(differences).map(difference).join(", ")
    }`,
  );
  const both = dataFile === undefined ? file : `${file} and ${dataFile}`;
  io.out(`exported: ${both}, ${megabytes(bytes)}`);
  if (model.page === undefined) return;
  io.out(`page: ${model.page}; look at it with: deno task serve ${dirname(model.page)}`);
}

/** The first says what it is a difference of. */
function difference([name, value]: readonly [string, number], at: number): string {
  const most = value === 0 ? "0" : value.toExponential(0);
  return at === 0
    ? `${name} differ from the checkpoint's by at most ${most}`
    : `${name.replaceAll("_", " ")} by ${most}`;
}

function valuesOf(values: ExportedModel["inputs"]): string {
  return Object.entries(values).map(([name, shape]) => `${name} [${shape.join(", ")}]`).join(", ");
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) Deno.exit(await exportCommand(Deno.args));
