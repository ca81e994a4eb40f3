/**
 * `glovita_download`: downloads the weights of encoders, so that other commands need no network.
 * @module
 */
import * as v from "valibot";
import { checkRepository, hubCacheFolder } from "../engine/hub/cache.ts";
import { findWeights } from "../engine/hub/weights.ts";
import { Parameters } from "../engine/nn/scope.ts";
import { VERSION } from "../engine/version.ts";
import { ConfigError } from "../registry/errors.ts";
import type { PretrainedOptions, PretrainedWeights } from "../registry/plugin.ts";
import { createDownloadReport } from "./download_report.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io, writeNote } from "./io.ts";
import { exitCode, type Listen, untilStopped } from "./signals.ts";

/** Parts of the command that tests replace. */
export interface DownloadCommandOptions {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
  /** Listens for the signals of the operating system. */
  readonly listen?: Listen;
}

const HELP = `Usage: glovita_download [options] TYPE ...

Downloads the weights of encoders into the cache that Hugging Face's libraries share, where
training and extraction find them without a network. What is there already is checked, and
what was interrupted continues.

A TYPE is a model of timm, with or without the tag of its weights, whose weights are loaded
once to see that they fit; or a repository OWNER/NAME.

Examples
  glovita_download vit_base_patch16_224
  glovita_download resnet50.a1_in1k timm/vit_small_patch14_dinov2.lvd142m

Options
  --help, -h    This text.
  --version     The version.

Environment
  HF_TOKEN      Token of an account, for repositories that are restricted.
  HF_ENDPOINT   Address of the hub, https://huggingface.co by default.
  HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME
                Where the cache is; now `;

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function downloadCommand(
  args: readonly string[],
  { io = consoleIo, listen }: DownloadCommandOptions = {},
): Promise<number> {
  try {
    if (args.includes("--help") || args.includes("-h")) io.out(HELP + hubCacheFolder());
    else if (args.includes("--version")) io.out(`glovita_download ${VERSION}`);
    else return await run(await fetchesOf(args), io, listen);
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error, io);
  }
}

/** Fetches what a word stands for. */
type Fetch = (options: PretrainedOptions) => Promise<Fetched>;
type Fetched = Pick<PretrainedWeights, "file" | "sha256"> & Partial<PretrainedWeights>;

/** How to fetch each of the words; finds out about all of them before anything is downloaded. */
async function fetchesOf(args: readonly string[]): Promise<ReadonlyMap<string, Fetch>> {
  const found = new Map<string, Fetch>();
  const issues = args.length > 0 ? [] : [{ path: "TYPE", message: "expected at least one" }];
  for (const word of args) {
    try {
      found.set(word, await fetchOf(word));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      issues.push({ path: word, message: error.message });
    }
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return found;
}

async function fetchOf(word: string): Promise<Fetch> {
  if (word.startsWith("-")) throw new RangeError("expected a TYPE, --help or --version");
  if (!word.includes("/")) return await fetchOfModel(word);
  const repository = word.replace(/^hf[-_]hub:/, "");
  checkRepository(repository);
  return (options) => findWeights({ repository, ...options });
}

/** What a run with this encoder would do at its start, so that the weights are known to fit. */
async function fetchOfModel(type: string): Promise<Fetch> {
  const { timm } = await import("../plugins/encoder_type/timm.ts");
  const { success, output: config, issues } = v.safeParse(timm.config, { type });
  if (!success) throw new RangeError(issues[0].message);
  const { channels, imageSize = [] } = timm.preprocessing!(config);
  const { pretrained } = await timm.create(config, {
    scope: new Parameters().scope(),
    sampleShape: [channels, ...imageSize],
    source: type,
  });
  return pretrained!;
}

async function run(
  fetches: ReadonlyMap<string, Fetch>,
  io: Io,
  listen: Listen | undefined,
): Promise<number> {
  const report = await createDownloadReport(io);
  const stopped = await untilStopped(async (signal) => {
    for (const [type, fetch] of fetches) {
      report.begin(type);
      const { file, sha256, notices = [] } = await fetch({ signal, onProgress: report.show });
      report.close();
      io.out(`${type}: ${file}, SHA-256 ${sha256}`);
      for (const notice of notices) writeNote(io, notice);
    }
  }, { io, last: "piece", listen }).finally(report.close);
  if (stopped === undefined) return EXIT.ok;
  io.err("interrupted; the same command continues");
  return exitCode(stopped);
}

if (import.meta.main) Deno.exit(await downloadCommand(Deno.args));
