/**
 * Cuts a command line into the global options and the flags of the config tree. Both styles of
 * writing a tree end up as the same flags.
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type ConfigIssue, didYouMean, quote } from "../registry/errors.ts";
import type { Slot } from "../registry/plugin.ts";
import type { Registry } from "../registry/registry.ts";
import { keyPath, SLOT_NAMES, type SlotInfo, SLOTS } from "../registry/slots.ts";
import type { Flag } from "../registry/config/flag.ts";

/** Options that every command has, and the words that are left for the config tree. */
export interface GlobalOptions {
  /** Whether help was asked for. */
  readonly help: boolean;
  /** Whether the version was asked for. */
  readonly version: boolean;
  /** Config file; `""` where the name is missing. */
  readonly config: string | undefined;
  /** Specifiers of plugin modules, each once; `""` where one is missing. */
  readonly plugins: readonly string[];
  /** All other words, in their order. */
  readonly rest: readonly string[];
}

/** Flags of the config tree, and words that are none. */
export interface Tokens {
  /** Flags in the order in which they were written. */
  readonly flags: readonly Flag[];
  /** Words that cannot be understood. */
  readonly issues: readonly ConfigIssue[];
}

const SWITCHES = new Set(["--help", "-h", "--version"]);
const WITH_VALUE = new Set(["--config", "--plugin"]);
const SHORTHAND = /^([A-Za-z_][\w-]*(?:\.[\w-]+)*):(\w[\w-]*)$/;
const NEGATIVE = /^-(\d|\.\d|Infinity$)/;

/**
 * Takes the global options out of a command line.
 * @param args The words of the command line.
 * @returns The options, and the other words.
 */
export function splitGlobals(args: readonly string[]): GlobalOptions {
  const global: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    const [name] = word.split("=", 1);
    if (!WITH_VALUE.has(name)) {
      (SWITCHES.has(word) ? global : rest).push(word);
      continue;
    }
    const follows = word === name && i + 1 < args.length && !args[i + 1].startsWith("--");
    const value = follows ? args[++i] : word.slice(name.length + 1);
    // The parser takes `--config=` for a flag of the name "config=".
    global.push(value === "" ? name : `${name}=${value}`);
  }
  const { help, version, config, plugin } = parseArgs(global, {
    boolean: ["help", "version"],
    string: ["config", "plugin"],
    collect: ["plugin"],
    alias: { h: "help" },
  });
  return { help, version, config, plugins: [...new Set(plugin)], rest };
}

/**
 * Reads the flags of the config tree.
 * @param args Words of the command line without the global options.
 * @param registry Whose keys the shorthand may name.
 * @returns Flags in their order, and words that are none.
 *
 * @example Both styles
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Registry } from "../registry/registry.ts";
 *
 * const registry = new Registry();
 * assertEquals(
 *   parseTokens(["model.head:clam-head-config"], registry),
 *   parseTokens(["--model.head.head-type", "clam"], registry),
 * );
 * ```
 */
export function parseTokens(args: readonly string[], registry: Registry): Tokens {
  const flags: Flag[] = [];
  const issues: ConfigIssue[] = [];
  const words = args.filter((word) => word !== "--");
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.startsWith("--")) {
      const { path, value } = splitFlag(word);
      const values = value === undefined ? [] : [value];
      while (value === undefined && i + 1 < words.length && isValue(words[i + 1])) {
        values.push(words[++i]);
      }
      if (path.includes("")) issues.push({ path: word, message: "expected a flag with a name" });
      else flags.push({ path, values });
      continue;
    }
    const shorthand = readShorthand(word, registry);
    if ("message" in shorthand) issues.push(shorthand);
    else flags.push(shorthand);
  }
  return { flags, issues };
}

function splitFlag(word: string): { path: string[]; value?: string } {
  const end = word.indexOf("=");
  const name = word.slice(2, end < 0 ? undefined : end);
  const path = name.replaceAll("-", "_").split(".");
  return end < 0 ? { path } : { path, value: word.slice(end + 1) };
}

function isValue(word: string): boolean {
  if (word.startsWith("-")) return word === "-" || NEGATIVE.test(word);
  const [, section, token] = SHORTHAND.exec(word) ?? [];
  return section === undefined || !isComplete(token) || slotOf(section) === undefined;
}

/** Whether a token ends as it has to; underscores stand for dashes. */
function isComplete(token: string): boolean {
  return /[-_]config$/.test(token);
}

function slotOf(section: string): Slot | undefined {
  const path = section.replaceAll("-", "_");
  return SLOT_NAMES.find((slot) => SLOTS[slot].shorthand && SLOTS[slot].section === path);
}

function readShorthand(word: string, registry: Registry): Flag | ConfigIssue {
  const [, section, token] = SHORTHAND.exec(word) ?? [];
  if (section === undefined) return { path: word, message: loneWord(word) };
  const slot = slotOf(section);
  if (slot === undefined) {
    const sections = SLOT_NAMES.filter((slot) => SLOTS[slot].shorthand)
      .map((slot) => SLOTS[slot].section);
    const hint = didYouMean(section, sections);
    return {
      path: word,
      message: `expected one of ${sections.map(quote).join(", ")} before the colon, ` +
        `received ${quote(section)}${hint}`,
    };
  }
  const info = SLOTS[slot];
  if (!isComplete(token)) {
    const full = shorthandOf(info, token);
    return { path: word, message: `expected ${quote(full)}, received ${quote(word)}` };
  }
  return { path: keyPath(info).split("."), values: [shorthandKey(token, slot, registry)] };
}

function loneWord(word: string): string {
  return word.startsWith("-")
    ? `expected a flag that begins with "--"; a value that begins with a dash is written --flag=${word}`
    : "expected a flag such as --training.epochs, received a word that belongs to none";
}

/** The key that a token such as `clam-head-config` names; text that no key fits stays as it is. */
function shorthandKey(token: string, slot: Slot, registry: Registry): string {
  const { word, aliases = {} } = SLOTS[slot].shorthand!;
  const name = token.slice(0, -"-config".length).replaceAll("_", "-");
  const bare = word && name.endsWith(`-${word}`) ? name.slice(0, -word.length - 1) : name;
  if (Object.hasOwn(aliases, bare)) return aliases[bare];
  const plain = (key: string): string => key.toLowerCase().replaceAll(/[-_]/g, "");
  const known = registry.list(slot);
  const found = known.find((key) => plain(key) === plain(bare)) ??
    known.find((key) => plain(key) === plain(name));
  return found ?? bare.replaceAll("-", "_");
}

/**
 * Writes a key as a shorthand token.
 * @param info Place of the key's slot, which has a shorthand.
 * @param key The key.
 * @returns For example `model.head:clam-head-config`.
 */
export function shorthandOf(info: SlotInfo, key: string): string {
  const { word, aliases = {} } = info.shorthand ?? {};
  const alias = Object.keys(aliases).find((alias) => aliases[alias] === key) ?? key;
  const parts = [alias.toLowerCase().replaceAll("_", "-"), word, "config"];
  return `${info.section}:${parts.filter((part) => part !== undefined).join("-")}`;
}
