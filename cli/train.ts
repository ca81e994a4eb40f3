/**
 * `glovita_train`: trains a model from a config.
 * @module
 */
import type { TrainOptions } from "../jobs/train/train.ts";
import { FieldUse } from "../registry/config/field_use.ts";
import { resolveConfig } from "../registry/config/resolve.ts";
import type { ResolvedConfig } from "../registry/config/tree.ts";
import { type ConfigCommand, type PluginSources, prepare, type Prepared } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { createTrainReport, type TrainReport } from "./train_report.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";
import { readRunConfig } from "./sources.ts";

/** Trains. */
export type Train = (config: ResolvedConfig, options: Required<TrainOptions>) => Promise<unknown>;

/** Parts of the command that tests replace. */
export interface TrainCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Gives the function that trains, once it is needed. */
  readonly loadTrain?: () => Promise<Train>;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: ConfigCommand<ResolvedConfig> = {
  name: "glovita_train",
  description:
    "Trains heads on features that were computed before, and encoders with their heads on images.",
  examples: [
    "glovita_train --data.dataset precomputed_features --data.num_classes 2 \\",
    "  --data.train_features_file train.h5 --data.val_features_file val.h5 \\",
    "  --model.encoder.encoder_type precomputed --model.encoder.feature_dim 1024 \\",
    "  --model.head.head_type clam --model.head.variant sb",
    "glovita_train --data.dataset cifar10 --data.data_root_dir ./data \\",
    "  --model.encoder.type resnet18 --model.encoder.no_pretrained",
    "glovita_train --model.head.head_type clam --help",
    "glovita_train --training.resume experiments/precomputed_features/GROUP/0",
  ],
  runFlags: ["training.resume"],
  readRun: readRunConfig,
  resolve: resolveConfig,
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function trainCommand(
  args: readonly string[],
  options: TrainCommandOptions = {},
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

async function run(
  { config, registry, plugins, given }: Prepared<ResolvedConfig>,
  io: Io,
  { loadTrain = importTrain, listen }: TrainCommandOptions,
): Promise<number> {
  const use = new FieldUse(config, given);
  const cluster = use.config.training.cluster_progress_bar;
  const report = await createTrainReport(io, { cluster });
  const stopped = await untilStopped(async (signal) => {
    try {
      const train = await loadTrain();
      await train(config, {
        registry,
        plugins,
        given: use.unread(),
        signal,
        onEvent: (event) => report.show(event),
      });
    } finally {
      report.close();
    }
  }, { io, last: "batch", listen });
  if (stopped === undefined) return EXIT.ok;
  io.err(howToResume(report, config));
  return exitCode(stopped);
}

async function importTrain(): Promise<Train> {
  const { train } = await import("../jobs/train/train.ts");
  return train;
}

function howToResume({ directory, saved }: TrainReport, { training }: ResolvedConfig): string {
  if (directory === undefined || !saved || !training.enable_checkpointing) {
    return "interrupted before a checkpoint was written, there is nothing to continue";
  }
  return `interrupted; continue with: glovita_train --training.resume ${directory}`;
}

if (import.meta.main) Deno.exit(await trainCommand(Deno.args));
