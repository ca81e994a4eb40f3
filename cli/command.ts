/**
 * What all commands that take a config tree share: from the words of the command line to a resolved
 * config, or to help and version.
 * @module
 */
import metadata from "../deno.json" with { type: "json" };
import { ConfigError, type ConfigIssue } from "../registry/errors.ts";
import { type Registry, registry as defaultRegistry } from "../registry/registry.ts";
import type { Flag } from "../registry/config/flags.ts";
import { type Resolution, resolveConfig } from "../registry/config/resolve.ts";
import { explainMissingPlugins } from "../registry/builder/run_plugins.ts";
import { type CommandInfo, renderHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { loadPlugin, readConfigFile, readRunConfig } from "./sources.ts";
import { type GlobalOptions, parseTokens, splitGlobals } from "./tokens.ts";

/** Where a command finds plugins. */
export interface PluginSources {
  /** Registry to use. @default {registry} */
  readonly registry?: Registry;
  /** Imports the built-in plugins. */
  readonly loadBuiltIns: () => Promise<unknown>;
}

/** A command line that is to be run. */
export interface Prepared extends Resolution {
  /** Registry with built-in and third-party plugins. */
  readonly registry: Registry;
  /** Specifiers of the third-party plugin modules. */
  readonly plugins: readonly string[];
}

/**
 * Reads a command line.
 * @param args The words of the command line.
 * @param command The command, for its help.
 * @param io Where help and version go.
 * @param sources Where plugins come from.
 * @returns What is to be run, or `undefined` where help or version was all that was asked for.
 * @throws {ConfigError} with everything that is wrong with the command line and the config.
 * @throws {PluginError} if a plugin module cannot be loaded.
 */
export async function prepare(
  args: readonly string[],
  command: CommandInfo,
  { io, sources }: { readonly io: Io; readonly sources: PluginSources },
): Promise<Prepared | undefined> {
  const options = splitGlobals(args);
  if (options.version) {
    io.out(`${command.name} ${metadata.version}`);
    return undefined;
  }
  const registry = sources.registry ?? defaultRegistry;
  await sources.loadBuiltIns();
  for (const specifier of options.plugins) await loadPlugin(specifier, registry);
  const { flags, issues } = parseTokens(options.rest, registry);
  if (options.help) {
    const file = options.config ? await readConfigFile(options.config, "--config") : {};
    io.out(renderHelp(command, registry, { file, flags }));
    return undefined;
  }
  const { file, directory } = await readFileLayer(options, flags);
  const resolution = resolveAll({ file, directory, flags, registry, issues });
  for (const notice of resolution.notices) io.err(`note: ${notice}`);
  return { ...resolution, registry, plugins: options.plugins };
}

/** A config tree, and the run directory that it comes from. */
interface FileLayer {
  readonly file?: unknown;
  readonly directory?: string;
}

/** The config file, or the config of the run that is to be continued. */
async function readFileLayer(options: GlobalOptions, flags: readonly Flag[]): Promise<FileLayer> {
  const resume = flags.findLast(({ path }) => path.join(".") === "training.resume")?.values[0];
  const continues = resume !== undefined && !["none", "None", "null"].includes(resume);
  if (!continues) {
    const { config } = options;
    return config === undefined ? {} : { file: await readConfigFile(config, "--config") };
  }
  if (options.config === undefined) {
    return { file: await readRunConfig(resume), directory: resume };
  }
  throw new ConfigError([{
    path: "--config",
    message: "expected no config file with --training.resume, which takes the run's own config",
  }]);
}

interface ResolveInput extends FileLayer {
  readonly flags: readonly Flag[];
  readonly registry: Registry;
  readonly issues: readonly ConfigIssue[];
}

/** Words that are no flags are reported together with what is wrong with the config. */
function resolveAll({ file, directory, flags, registry, issues }: ResolveInput): Resolution {
  try {
    const resolution = resolveConfig({ file, flags }, registry);
    if (issues.length === 0) return resolution;
  } catch (cause) {
    const error = directory === undefined
      ? cause
      : explainMissingPlugins(cause, { directory, tree: file, registry });
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...issues, ...error.issues]);
  }
  throw new ConfigError(issues);
}
