/**
 * `glovita_extract_features`: runs an encoder over a dataset and writes feature files.
 * @module
 */
import type { ExtractOptions } from "../jobs/extract/extract.ts";
import { checkpointConfig } from "../jobs/runs/checkpoint_config.ts";
import {
  EXTRACT_SECTIONS,
  type ExtractConfig,
  resolveExtractConfig,
} from "../registry/config/extract.ts";
import type { Flag } from "../registry/config/flag.ts";
import {
  type ConfigCommand,
  type FileLayer,
  type PluginSources,
  prepare,
  type Prepared,
} from "./command.ts";
import { createExtractReport } from "./extract_report.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Extracts. */
export type Extract = (
  config: ExtractConfig,
  options: Required<ExtractOptions>,
) => Promise<unknown>;

/** Parts of the command that tests replace. */
export interface ExtractCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Gives the function that extracts, once it is needed. */
  readonly loadExtract?: () => Promise<Extract>;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const COMMAND: ConfigCommand<ExtractConfig> = {
  name: "glovita_extract_features",
  description: "Runs an encoder over a dataset and writes one feature file a split.",
  examples: [
    "glovita_extract_features --data.dataset cifar10 --data.data_root_dir ./data \\",
    "  --model.encoder.encoder_type timm --model.encoder.type vit_base_patch16_224",
    "glovita_extract_features --checkpoint_path RUN/checkpoints/last.pt \\",
    '  --output_filename "{checkpoint}_{dataset}_{split}_{method}.h5"',
    "glovita_extract_features --shard 1/4 ...   (then 2/4, 3/4, 4/4, then --merge 4 ...)",
    "glovita_extract_features --shard auto ...   (in a SLURM array or an Indexed Job)",
  ],
  sections: EXTRACT_SECTIONS,
  runFlags: ["checkpoint_path"],
  readRun: (checkpoint, flags) => Promise.resolve(readCheckpoint(checkpoint, flags)),
  resolve: resolveExtractConfig,
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function extractCommand(
  args: readonly string[],
  options: ExtractCommandOptions = {},
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

function readCheckpoint(checkpoint: string, flags: readonly Flag[]): FileLayer {
  const dataset = flags.findLast(({ path }) => path.join(".") === "data.dataset")?.values[0];
  const { tree, directory } = checkpointConfig(checkpoint, dataset);
  return { file: { ...tree, checkpoint_path: checkpoint }, directory };
}

async function run(
  { config, registry, given }: Prepared<ExtractConfig>,
  io: Io,
  { loadExtract = importExtract, listen }: ExtractCommandOptions,
): Promise<number> {
  const report = await createExtractReport(io);
  const stopped = await untilStopped(async (signal) => {
    try {
      const extract = await loadExtract();
      await extract(config, {
        registry,
        given,
        signal,
        onEvent: (event) => report.show(event),
      });
    } finally {
      report.close();
    }
  }, { io, last: "batch", listen });
  if (stopped === undefined) return EXIT.ok;
  const again = config.shard === "auto" ? "the same command" : "the same command with --resume";
  io.err(`interrupted; ${again} continues`);
  return exitCode(stopped);
}

async function importExtract(): Promise<Extract> {
  const { extractFeatures } = await import("../jobs/extract/extract.ts");
  return extractFeatures;
}

if (import.meta.main) Deno.exit(await extractCommand(Deno.args));
