/**
 * `glovita_preview`: a contact sheet of what the policies make of a few images.
 * @module
 */
import { PREVIEW_SECTIONS, type PreviewFields } from "../jobs/preview/config.ts";
import type { ResolvedConfig } from "../registry/config/tree.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { type JobCommand, prepareJob } from "./job_command.ts";

/** Parts of the command that tests replace. */
export interface PreviewCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
}

const COMMAND: JobCommand = {
  name: "glovita_preview",
  description:
    "Writes a contact sheet of what the training policy and the test policy make of a few images " +
    "of a dataset. Takes the flags of glovita_train.",
  examples: [
    "glovita_preview --config experiments/cifar10/GROUP/0/resolved_config.json",
    "glovita_preview --data.dataset cifar10 --data.data_root_dir ./data \\",
    "  --model.encoder.encoder_type timm --model.encoder.no_pretrained --draws 8",
  ],
  words: "[options]",
  sections: PREVIEW_SECTIONS,
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function previewCommand(
  args: readonly string[],
  options: PreviewCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    if (prepared === undefined) return EXIT.ok;
    const { paths: [word], tree, registry } = prepared;
    if (word !== undefined) {
      const message = "expected a flag such as --output, received a word that belongs to none";
      throw new ConfigError([{ path: word, message }]);
    }
    const config = tree as unknown as ResolvedConfig & PreviewFields;
    const { output, samples, draws, seed } = config;
    const { preview } = await import("../jobs/preview/preview.ts");
    const { path, samples: shown, columns } = await preview(config, {
      ...{ output, samples, draws, seed, registry },
      notify: (message) => writeNote(io, message),
    });
    io.out(`Saved ${path}: ${shown.length} images, ${columns.length - 2} draws each`);
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error, io);
  }
}

if (import.meta.main) Deno.exit(await previewCommand(Deno.args));
