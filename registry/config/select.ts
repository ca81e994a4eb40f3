/**
 * Which plugins a config selects: keys by slot, from flags, file or defaults.
 * @module
 */
import type { Plugin, Slot } from "../plugin.ts";
import { type ConfigIssue, didYouMean, quote } from "../errors.ts";
import type { Registry } from "../registry.ts";
import { keyPath, type SlotInfo, SLOTS, slotsOf } from "../slots.ts";
import type { Flag } from "./flag.ts";
import { isNothing, parseList } from "./words.ts";
import { isGlovitaKey, whyAbsent } from "./glovita_fields.ts";
import { expectedIssue } from "./issues.ts";
import { getAt, splitPath } from "./objects.ts";
import { describeChoices } from "./schema.ts";
import { type Section, SECTIONS } from "./sections.ts";

/** What a config selects for one slot. */
export interface Selection {
  /** The slot. */
  readonly slot: Slot;
  /** The keys; one, unless the slot may hold several. */
  readonly keys: readonly string[];
  /** Their plugins; a key that is not registered has none. */
  readonly plugins: readonly Plugin[];
  /** Whether every key was found. */
  readonly complete: boolean;
  /** Where the keys come from. */
  readonly source: "flag" | "file" | "default";
  /** Keys that stood in the file where a flag, or a default in their place, won. */
  readonly replaced?: readonly string[];
}

/** What a config selects, and what is wrong with it. */
export interface Selected {
  /** One selection for each slot. */
  readonly selections: readonly Selection[];
  /** Keys that are missing or not registered. */
  readonly issues: readonly ConfigIssue[];
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** What a config is looked up in. */
export interface SelectOptions {
  /** Where plugins are looked up. */
  readonly registry: Registry;
  /** Sections of the tree, of which only the slots are looked at. @default {SECTIONS} */
  readonly sections?: readonly Section[];
}

/**
 * Selects the plugins of a config.
 * @param tree The config file's tree.
 * @param flags Flags, which win over the file.
 * @param options Where plugins are looked up, and the sections of the tree.
 * @returns One selection for each slot, and issues of keys that are missing or unknown.
 */
export function selectPlugins(
  tree: unknown,
  flags: readonly Flag[],
  { registry, sections = SECTIONS }: SelectOptions,
): Selected {
  const selections: Selection[] = [];
  const issues: ConfigIssue[] = [];
  const notices: string[] = [];
  for (const slot of sections.flatMap(({ path }) => slotsOf(path))) {
    const selected = selectKeys(slot, tree, flags, registry);
    const known = selected.keys.filter((key) => registry.has(slot, key));
    const plugins = known.map((key) => registry.get(slot, key) as Plugin);
    const complete = isKeys(selected.given, SLOTS[slot]) && known.length === selected.keys.length;
    if (!complete) issues.push(...keyIssues(slot, selected, registry));
    if (selected.notice !== undefined) notices.push(selected.notice);
    const { keys, source, replaced } = selected;
    selections.push({ slot, keys, plugins, complete, source, replaced });
  }
  return { selections, issues, notices };
}

interface SelectedKeys {
  readonly keys: readonly string[];
  readonly source: Selection["source"];
  /** What was given, for messages; `undefined` where nothing was. */
  readonly given: unknown;
  readonly replaced?: readonly string[];
  readonly notice?: string;
}

function selectKeys(
  slot: Slot,
  tree: unknown,
  flags: readonly Flag[],
  registry: Registry,
): SelectedKeys {
  const info = SLOTS[slot];
  const path = keyPath(info);
  const inFile = getAt(tree, splitPath(path));
  const fromFile = inFile === null ? info.nullKey : inFile;
  const replaced = info.list ? [] : asKeys(fromFile);
  const flag = flags.findLast((flag) => flag.path.join(".") === path && flag.values.length > 0);
  if (flag !== undefined) {
    const given = info.list ? parseList(flag.values) : keyOrKeys(flag.values, info);
    return { keys: asKeys(given), source: "flag", given, replaced };
  }
  if (fromFile === undefined) return defaultKeys(slot, registry);
  if (isForeign(fromFile, slot, registry)) {
    const instead = defaultKeys(slot, registry);
    const keys = instead.keys.map(quote).join(", ");
    const notice = `${path} ${
      quote(fromFile)
    } of the config file is not available, ${keys} is used`;
    return { ...instead, replaced, notice };
  }
  return { keys: asKeys(fromFile), source: "file", given: fromFile };
}

/** One word is a key; several, or a JSON list, are the keys of a slot that may hold several. */
function keyOrKeys(words: readonly string[], { several = false, nullKey }: SlotInfo): unknown {
  const [first = ""] = words;
  if (nullKey !== undefined && words.length === 1 && isNothing(first)) return nullKey;
  const keys = several ? parseList(words) : [];
  return keys.length > 1 || first.startsWith("[") && several ? keys : words[0];
}

/** Whether a file names a plugin of GloViTa's that nobody provides here. */
function isForeign(key: unknown, slot: Slot, registry: Registry): key is string {
  return typeof key === "string" && !registry.has(slot, key) && isGlovitaKey(slot, key);
}

/** A default that is not registered counts as nothing given, so that the user is asked for one. */
function defaultKeys(slot: Slot, registry: Registry): SelectedKeys {
  const keys = asKeys(SLOTS[slot].defaultKey);
  const known = keys.length > 0 && keys.every((key) => registry.has(slot, key));
  return known
    ? { keys, source: "default", given: SLOTS[slot].defaultKey }
    : { keys: [], source: "default", given: undefined };
}

function asKeys(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return [];
  return [...new Set(value.filter((key) => typeof key === "string"))];
}

/** One name, or a list of names where the slot holds a list; where it may hold several, either. */
function isKeys(given: unknown, { list = false, several = false }: SlotInfo): boolean {
  const isList = Array.isArray(given);
  const names: readonly unknown[] = isList ? given : [given];
  const fits = several ? names.length > 0 : list === isList;
  return fits && names.every((name) => typeof name === "string");
}

function keyIssues(slot: Slot, selected: SelectedKeys, registry: Registry): ConfigIssue[] {
  const info = SLOTS[slot];
  const path = keyPath(info);
  const known = registry.list(slot);
  const choices = known.length > 0
    ? describeChoices(known.map(quote))
    : `the key of a ${slot} plugin, of which none is registered`;
  const expected = info.list ? `a list, each ${choices}` : choices;
  const unknown = selected.keys.filter((key) => !registry.has(slot, key));
  if (unknown.length === 0) return [expectedIssue(path, expected, selected.given)];
  return unknown.map((key) =>
    expectedIssue(path, expected, key, whyAbsent(slot, key) ?? didYouMean(key, known))
  );
}
