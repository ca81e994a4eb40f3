/**
 * What all commands that take a config tree share: from the words of the command line to a resolved
 * config, or to help and version.
 * @module
 */
import type { RunDirectory } from "../engine/train/run_directory.ts";
import { VERSION } from "../engine/version.ts";
import { ConfigError, type ConfigIssue } from "../registry/errors.ts";
import { type Registry, registry as defaultRegistry } from "../registry/registry.ts";
import type { Flag } from "../registry/config/flag.ts";
import type { ConfigSources, Resolution } from "../registry/config/resolve.ts";
import { addPluginHint } from "../jobs/runs/run_plugins.ts";
import { type CommandInfo, renderHelp } from "./help.ts";
import { type Io, writeNote } from "./io.ts";
import { loadPlugins, nameModule, type PluginModules } from "./plugin_modules.ts";
import { readConfigFile } from "./sources.ts";
import { type GlobalOptions, parseTokens, splitGlobals } from "./tokens.ts";

/** Where a command finds plugins. */
export interface PluginSources {
  /** Registry to use. @default {registry} */
  readonly registry?: Registry;
  /** Imports the built-in plugins. */
  readonly loadBuiltIns: () => Promise<unknown>;
}

/** A config tree, and the run directory that it comes from. */
export interface FileLayer {
  /** The tree. */
  readonly file?: unknown;
  /** The run directory. */
  readonly directory?: RunDirectory;
}

/** A command that takes a config tree. */
export interface ConfigCommand<C> extends CommandInfo {
  /** Paths of flags that name a run whose config takes the place of a config file. */
  readonly runFlags: readonly string[];
  /**
   * Reads the config of a run.
   * @param value What the flag says.
   * @param flags All flags.
   */
  readRun(value: string, flags: readonly Flag[]): Promise<FileLayer>;
  /**
   * Resolves the command's config.
   * @param sources File and flags.
   * @param registry Where plugins are looked up.
   */
  resolve(sources: ConfigSources, registry: Registry): Resolution<C>;
}

/** A command line that is to be run. */
export interface Prepared<C> extends Resolution<C> {
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
export async function prepare<C>(
  args: readonly string[],
  command: ConfigCommand<C>,
  { io, sources }: { readonly io: Io; readonly sources: PluginSources },
): Promise<Prepared<C> | undefined> {
  const options = splitGlobals(args);
  if (options.version) {
    io.out(`${command.name} ${VERSION}`);
    return undefined;
  }
  const registry = sources.registry ?? defaultRegistry;
  await sources.loadBuiltIns();
  const modules = await loadPlugins(options.plugins, registry);
  const { flags, issues } = parseTokens(options.rest, registry);
  if (options.help) {
    const file = options.config ? await readConfigFile(options.config, "--config") : {};
    io.out(renderHelp(command, registry, { file, flags }));
    return undefined;
  }
  const layer = await readFileLayer(options, flags, command);
  const resolution = resolveAll({ ...layer, flags, registry, modules, issues }, command);
  for (const notice of resolution.notices) writeNote(io, notice);
  return { ...resolution, registry, plugins: options.plugins };
}

/** The config file, or the config of the run that a flag names. */
async function readFileLayer<C>(
  { config }: GlobalOptions,
  flags: readonly Flag[],
  { runFlags, readRun }: ConfigCommand<C>,
): Promise<FileLayer> {
  const flag = flags.findLast(({ path }) => runFlags.includes(path.join(".")));
  const run = flag?.values[0];
  if (run === undefined || ["none", "None", "null"].includes(run)) {
    return config === undefined ? {} : { file: await readConfigFile(config, "--config") };
  }
  if (config === undefined) return await readRun(run, flags);
  throw new ConfigError([{
    path: "--config",
    message: `expected no config file with --${
      flag!.path.join(".")
    }, which takes the run's own config`,
  }]);
}

interface ResolveInput extends FileLayer {
  readonly flags: readonly Flag[];
  readonly registry: Registry;
  readonly modules: PluginModules;
  readonly issues: readonly ConfigIssue[];
}

/** Words that are not flags are reported together with what is wrong with the config. */
function resolveAll<C>(
  { file, directory, flags, registry, modules, issues }: ResolveInput,
  command: ConfigCommand<C>,
): Resolution<C> {
  try {
    const inherited = directory !== undefined;
    const resolution = command.resolve({ file, flags, inherited }, registry);
    if (issues.length === 0) return resolution;
  } catch (cause) {
    const error = directory === undefined
      ? cause
      : addPluginHint(cause, { directory, tree: file, registry });
    if (!(error instanceof ConfigError)) throw nameModule(error, registry, modules);
    throw new ConfigError([...issues, ...error.issues]);
  }
  throw new ConfigError(issues);
}
