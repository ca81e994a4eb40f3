/**
 * What commands share that take paths and a few options instead of a whole config tree: from the words
 * of the command line to paths and options, or to help and version.
 * @module
 */
import { VERSION } from "../engine/version.ts";
import { isFlagged } from "../registry/config/given_fields.ts";
import {
  getAt,
  isPlainObject,
  type PlainObject,
  setAt,
  splitPath,
} from "../registry/config/objects.ts";
import type { Flag } from "../registry/config/flag.ts";
import { type Entries, readSchema } from "../registry/config/schema.ts";
import { resolveTree } from "../registry/config/resolve.ts";
import { type Section, SECTIONS } from "../registry/config/sections.ts";
import { composeSections } from "../registry/config/compose.ts";
import { selectPlugins } from "../registry/config/select.ts";
import { ConfigError, type ConfigIssue } from "../registry/errors.ts";
import { type Registry, registry as defaultRegistry } from "../registry/registry.ts";
import type { PluginSources } from "./command.ts";
import { type CommandInfo, renderHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { loadPlugins } from "./plugin_modules.ts";
import { readConfigFile } from "./sources.ts";
import { parseTokens, splitGlobals } from "./tokens.ts";

/** A command that takes paths. */
export interface JobCommand extends CommandInfo {
  /** Its sections; fields of `data` may be written without `data.` where the root has none alike. */
  readonly sections: readonly Section[];
  /** Tree that config file and flags win over. */
  readonly base?: PlainObject;
  /**
   * Required fields that the command finds by itself where they are left out, by their paths, and a
   * value that stands for each while the others are checked.
   */
  readonly finds?: Readonly<Record<string, unknown>>;
  /** What the words before the flags are, in the words of the usage line: `PATH ...`. */
  readonly words: string;
}

/** A command line that is to be run. */
export interface PreparedJob {
  /** The words before the first flag, and those behind flags that are true or false. */
  readonly paths: readonly string[];
  /** The resolved tree. */
  readonly tree: PlainObject;
  /** Dotted paths of the fields that somebody set. */
  readonly given: readonly string[];
  /** Registry with built-in and third-party plugins. */
  readonly registry: Registry;
  /** Specifiers of the third-party plugin modules. */
  readonly plugins: readonly string[];
}

/** The section of the dataset, for commands that look at data. */
export const DATA_SECTION: Section = SECTIONS.find(({ path }) => path === "data")!;

/**
 * Reads a command line.
 * @param args The words of the command line.
 * @param command The command.
 * @param io Where help, version and notes go.
 * @param sources Where plugins come from.
 * @returns What is to be run, or `undefined` where help or version was all that was asked for.
 * @throws {ConfigError} with everything that is wrong with the command line.
 */
export async function prepareJob(
  args: readonly string[],
  command: JobCommand,
  { io, sources }: { readonly io: Io; readonly sources: PluginSources },
): Promise<PreparedJob | undefined> {
  const options = splitGlobals(args);
  if (options.version) {
    io.out(`${command.name} ${VERSION}`);
    return undefined;
  }
  const registry = sources.registry ?? defaultRegistry;
  await sources.loadBuiltIns();
  await loadPlugins(options.plugins, registry);
  const first = options.rest.findIndex((word) => word.startsWith("--"));
  const before = options.rest.slice(0, first < 0 ? undefined : first);
  const words = first < 0 ? [] : options.rest.slice(first);
  const { flags: written, issues } = parseTokens(words, registry);
  const loaded = options.config ? await readConfigFile(options.config, "--config") : {};
  const file = merged(command.base ?? {}, isPlainObject(loaded) ? loaded : {});
  const { flags, paths } = withSections(written, file, { command, registry });
  if (options.help) {
    io.out(renderHelp(command, registry, { file, flags }));
    return undefined;
  }
  const resolution = resolveAll({ file, flags, issues }, command, registry);
  for (const notice of resolution.notices) io.err(`note: ${notice}`);
  const { tree, given } = resolution;
  return { paths: [...before, ...paths], tree, given, registry, plugins: options.plugins };
}

/** The sections that the command has, of the base with those of the file over it. */
function merged(base: PlainObject, file: PlainObject): PlainObject {
  const result = structuredClone(base);
  for (const [name, value] of Object.entries(file)) {
    const below = result[name];
    result[name] = isPlainObject(below) && isPlainObject(value) ? { ...below, ...value } : value;
  }
  return result;
}

/** Flags, and the words behind them that are paths. */
interface Sorted {
  readonly flags: readonly Flag[];
  readonly paths: readonly string[];
}

/**
 * Puts `data` before the flags that name its fields alone. What follows a flag that is true or false,
 * and is neither of them, is a path.
 */
function withSections(
  written: readonly Flag[],
  file: PlainObject,
  { command: { sections }, registry }: {
    readonly command: JobCommand;
    readonly registry: Registry;
  },
): Sorted {
  const { selections } = selectPlugins(file, written, { registry, sections });
  const composed = composeSections(selections, sections);
  const fieldsOf = (path: string): Entries =>
    composed.find((section) => section.path === path)?.entries ?? {};
  const isIn = (path: string, name: string) => Object.hasOwn(fieldsOf(path), name);
  const paths: string[] = [];
  const flags = written.map((flag): Flag => {
    const [name, ...rest] = flag.path;
    const positive = name.replace(/^no_/, "");
    const known = isIn("", name) || isIn("", positive);
    const short = rest.length === 0 && !known && (isIn("data", name) || isIn("data", positive));
    const path = short ? ["data", name] : flag.path;
    if (!isSwitch(path, fieldsOf)) return { ...flag, path };
    const loose = flag.values.findIndex((word) => !/^(true|false)$/i.test(word));
    if (loose < 0) return { ...flag, path };
    paths.push(...flag.values.slice(loose));
    return { path, values: flag.values.slice(0, loose) };
  });
  return { flags, paths };
}

/** Whether a flag is that of a field that is true or false. */
function isSwitch(path: readonly string[], fieldsOf: (section: string) => Entries): boolean {
  const fields = fieldsOf(path.slice(0, -1).join("."));
  const name = path[path.length - 1];
  const schema = fields[name] ?? fields[name.replace(/^no_/, "")];
  return schema !== undefined && readSchema(schema).kind === "boolean";
}

function resolveAll(
  { file, flags, issues }: {
    readonly file: PlainObject;
    readonly flags: readonly Flag[];
    readonly issues: readonly ConfigIssue[];
  },
  { sections, finds = {} }: JobCommand,
  registry: Registry,
) {
  const known = new Set(sections.map(({ path }) => path.split(".")[0]));
  const own = new Set(Object.keys(sections.find(({ path }) => path === "")?.entries ?? {}));
  const kept = Object.fromEntries(
    Object.entries(file).filter(([name]) => known.has(name) || own.has(name)),
  );
  const left = leftToFind(kept, flags, { finds, sections, registry });
  for (const path of left) setAt(kept, splitPath(path), finds[path]);
  try {
    const { tree, given, notices } = resolveTree({ file: kept, flags }, { registry, sections });
    for (const path of left) setAt(tree, splitPath(path), undefined);
    const set = given.filter((path) => !left.includes(path));
    if (issues.length === 0) return { tree, notices, given: set };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...issues, ...error.issues]);
  }
  throw new ConfigError(issues);
}

/** Required fields that nobody gave. */
function leftToFind(
  file: PlainObject,
  flags: readonly Flag[],
  { finds, sections, registry }: {
    readonly finds: Readonly<Record<string, unknown>>;
    readonly sections: readonly Section[];
    readonly registry: Registry;
  },
): string[] {
  const { selections } = selectPlugins(file, flags, { registry, sections });
  const composed = composeSections(selections, sections);
  return Object.keys(finds).filter((path) => {
    const names = splitPath(path);
    const section = composed.find((each) => each.path === names.slice(0, -1).join("."));
    const schema = section?.entries[names.at(-1)!];
    return schema !== undefined && !readSchema(schema).optional &&
      getAt(file, names) === undefined && !isFlagged(path, flags);
  });
}

/**
 * The options of the data section.
 * @param tree A resolved tree.
 */
export function dataOptions({ tree }: Pick<PreparedJob, "tree">): PlainObject {
  const data = getAt(tree, ["data"]);
  return isPlainObject(data) ? data : {};
}
