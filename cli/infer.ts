/**
 * `glovita_infer`: predicts with trained models and writes a table.
 * @module
 */
import { findModels } from "../jobs/predict/find_models.ts";
import type { Inference, InferOptions } from "../jobs/predict/infer.ts";
import type { InferEvent } from "../jobs/predict/infer_events.ts";
import type { Flag } from "../registry/config/flag.ts";
import { INFER_SECTIONS, type InferConfig, resolveInferConfig } from "../registry/config/infer.ts";
import {
  type ConfigCommand,
  type FileLayer,
  type PluginSources,
  prepare,
  type Prepared,
} from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { Progress } from "./progress.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Predicts. */
export type Infer = (config: InferConfig, options: Required<InferOptions>) => Promise<Inference>;

/** Parts of the command that tests replace. */
export interface InferCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Gives the function that predicts, once it is needed. */
  readonly loadInfer?: () => Promise<Infer>;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: ConfigCommand<InferConfig> = {
  name: "glovita_infer",
  description: "Predicts with the models of a run, or of a group of folds, and writes a table.",
  examples: [
    "glovita_infer --exp_dir experiments/precomputed_features/GROUP/0",
    "glovita_infer --exp_dir experiments/precomputed_features/GROUP \\",
    "  --data.test_features_file new.h5 --pred_output new.csv",
    "glovita_infer --exp_dir experiments/slide_features/GROUP --data.data_root_dir NEW_SLIDES",
    "glovita_infer --exp_dir experiments/slide_features/GROUP/0 --attention_output maps",
  ],
  sections: INFER_SECTIONS,
  runFlags: ["exp_dir", "checkpoint_path"],
  readRun: (_, flags) => Promise.resolve(readRun(flags)),
  resolve(sources, registry) {
    const named = sources.file !== undefined ||
      sources.flags?.some(({ path }) => COMMAND.runFlags.includes(path.join(".")));
    if (!named) requireRun();
    return resolveInferConfig(sources, registry);
  },
};

/** Without a run nothing else matters. */
function requireRun(): void {
  findModels({ exp_dir: null, checkpoint_path: null, checkpoint: "best", fold: null });
}

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function inferCommand(
  args: readonly string[],
  options: InferCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepare(args, COMMAND, { io, sources });
    return prepared === undefined ? EXIT.ok : await run(prepared, io, options);
  } catch (error) {
    return reportFailure(error, io);
  }
}

/** The data of the first run that is named. */
function readRun(flags: readonly Flag[]): FileLayer {
  const valueOf = (name: string) =>
    flags.findLast(({ path }) => path.join(".") === name)?.values[0] ?? null;
  const [{ directory, checkpoint }] = findModels({
    exp_dir: valueOf("exp_dir"),
    checkpoint_path: valueOf("checkpoint_path"),
    checkpoint: valueOf("checkpoint") === "last" ? "last" : "best",
    fold: null,
  });
  const file = directory.readModelConfig(`Cannot predict with "${checkpoint}"`);
  return { file: { data: file.data }, directory };
}

async function run(
  { config, registry, given }: Prepared<InferConfig>,
  io: Io,
  { loadInfer = importInfer, listen }: InferCommandOptions,
): Promise<number> {
  const progress = await Progress.create(io, { format: "[{bar}] {text}", pace: { seconds: 30 } });
  let done: Inference | undefined;
  const stopped = await untilStopped(async (signal) => {
    try {
      const infer = await loadInfer();
      const onEvent = (event: InferEvent) => show(event, io, progress);
      done = await infer(config, { registry, given, signal, onEvent });
    } finally {
      progress.stop();
    }
  }, { io, last: "batch", listen });
  if (done !== undefined) showDone(done, io);
  return stopped === undefined ? EXIT.ok : exitCode(stopped);
}

function show(event: InferEvent, io: Io, progress: Progress): void {
  switch (event.type) {
    case "model":
      progress.stop();
      progress.restart();
      return io.out(
        event.models > 1
          ? `model ${event.number} of ${event.models}: ${event.checkpoint}`
          : `model ${event.checkpoint}`,
      );
    case "notice":
      progress.stop();
      return writeNote(io, event.message);
    case "progress": {
      const { done, samples: total, split } = event;
      const text = `${split}: ${done}/${total} samples`;
      return progress.show({ done, total, payload: { text }, line: text });
    }
  }
}

function showDone(
  { predictions, split, metrics, evaluation, file, attention, part }: Inference,
  io: Io,
): void {
  const { ids, patients } = predictions;
  const people = patients ? ` of ${new Set(patients).size} patients` : "";
  io.out(`${split}: ${ids.length} samples${people}`);
  for (const [name, value] of Object.entries(metrics ?? {})) {
    const { low = null, high = null } = evaluation?.metrics[name.slice(split.length + 1)] ?? {};
    const interval = low === null || high === null ? "" : ` [${format(low)}, ${format(high)}]`;
    io.out(`  ${name} ${format(value)}${interval}`);
  }
  if (part) {
    io.out(`  part ${part.index} of ${part.count}: --merge ${part.count} joins and measures`);
  } else if (metrics === undefined) io.out("  no labels, so nothing is measured");
  io.out(`predictions: ${file}`);
  if (attention !== undefined) {
    const slides = `${attention.slides} slide${attention.slides === 1 ? "" : "s"}`;
    io.out(
      `attention: ${attention.folder}, ${slides}; the tiles that count most: ${attention.file}`,
    );
  }
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

async function importInfer(): Promise<Infer> {
  const { infer } = await import("../jobs/predict/infer.ts");
  return infer;
}

if (import.meta.main) Deno.exit(await inferCommand(Deno.args));
