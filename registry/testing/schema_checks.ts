/**
 * What every plugin promises, whatever its slot: a key, and options that files and flags can hold.
 * @module
 */
import { type ComposedSection, composeSections, optionEntries } from "../config/compose.ts";
import { applyFlags } from "../config/flags.ts";
import type { Flag } from "../config/flag.ts";
import { convert } from "../config/words.ts";
import {
  getAt,
  isPlainObject,
  joinPath,
  pick,
  type PlainObject,
  setAt,
  splitPath,
} from "../config/objects.ts";
import { parseOptions } from "../config/options.ts";
import { type AnySchema, type Entries, type Field, readSchema } from "../config/schema.ts";
import { validateSection } from "../config/validate.ts";
import { renderIssue } from "../errors.ts";
import type { Plugin, Slot } from "../plugin.ts";
import { Registry } from "../registry.ts";
import { SLOTS, slotsOf } from "../slots.ts";
import { isJson } from "./minimal_options.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";

const UNKNOWN = "no_option_has_this_name";

type AnyUnderTest = PluginUnderTest<Slot>;

/** Promises of all plugins. */
export const schemaChecks: readonly Check<Slot>[] = [
  { name: "can be registered", check: checkRegistration },
  { name: "names and describes its options", check: checkNames },
  { name: "states the default of every option that may be left out", check: checkDefaults },
  { name: "reads its own config again", check: checkRoundTrip },
  { name: "takes its options as flags", check: checkFlags },
  { name: "refuses an option that it does not have", check: checkUnknown },
];

/** Adding calls nothing of the plugin; a key is a word that paths and flags can hold. */
function checkRegistration({ plugin }: AnyUnderTest): void {
  const registry = new Registry();
  registry.add(plugin);
  registry.add(plugin);
  const { slot, key, description } = plugin;
  expect(registry.get(slot, key) === (plugin as Plugin), "the registry gives another plugin back");
  expect(/^[A-Za-z]\w*$/.test(key), "its key is not one word of letters, digits and underscores");
  const line = typeof description === "string" && /^\S[^\n]*$/.test(description);
  expect(line, `its description is ${JSON.stringify(description)}, expected one line`);
}

/** Every option that is not an object, with its path inside of the plugin's config. */
function leaves(entries: Entries, prefix = ""): [string, Field][] {
  return Object.entries(entries).flatMap(([name, schema]) => {
    const field = readSchema(schema);
    const path = joinPath(prefix, name);
    return field.kind === "object" ? leaves(field.entries, path) : [[path, field]];
  });
}

function entriesOf({ plugin }: AnyUnderTest): Entries {
  return optionEntries(plugin as Plugin);
}

function checkNames(subject: AnyUnderTest): void {
  const { section } = SLOTS[subject.plugin.slot];
  const taken = slotsOf(section).map((slot) => SLOTS[slot].field);
  for (const name of Object.keys(entriesOf(subject))) {
    expect(/^[A-Za-z]\w*$/.test(name), `option ${JSON.stringify(name)} is not one word`);
    expect(!taken.includes(name), `option "${name}" has the name of the field of a key`);
  }
  const silent = leaves(entriesOf(subject)).find(([, { description }]) => !description);
  expect(silent === undefined, `option "${silent?.[0]}" has no description`);
}

function checkDefaults(subject: AnyUnderTest): void {
  const open = leaves(entriesOf(subject)).find(([, field]) =>
    field.optional && field.default === undefined
  );
  expect(open === undefined, `option "${open?.[0]}" may be left out and has no default`);
}

function checkRoundTrip({ plugin, options }: AnyUnderTest): void {
  const text = JSON.stringify(options);
  expect(isJson(options), `its config is not JSON: ${text}`);
  const again = parseOptions(plugin as Plugin, JSON.parse(text));
  expect(again.success, `it refuses its own config ${text}: ${again.issues?.[0].message}`);
  const changed = JSON.stringify(again.output);
  expect(same(again.output, options), `it reads its own config ${text} as ${changed}`);
}

/** Whether two JSON values are the same, whatever the order of names. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, index) => same(value, b[index]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return Object.is(a, b);
  const [names, others] = [Object.keys(a), Object.keys(b)];
  return names.length === others.length &&
    names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}

/** The section in which the plugin's options stand, with no other plugin chosen. */
function sectionOf(plugin: Plugin): ComposedSection {
  const selection = {
    slot: plugin.slot,
    keys: [plugin.key],
    plugins: [plugin],
    complete: true,
    source: "flag",
  } as const;
  return composeSections([selection]).find(({ path }) => path === SLOTS[plugin.slot].section)!;
}

/** Plugins whose options have no place of their own in the tree. */
function isElsewhere({ slot }: Plugin): boolean {
  return SLOTS[slot].list === true || SLOTS[slot].nested === true;
}

function checkFlags(subject: AnyUnderTest): void {
  const plugin = subject.plugin as Plugin;
  const options = subject.options as PlainObject;
  if (SLOTS[plugin.slot].list) {
    const parsed = parseOptions(plugin, {});
    expect(parsed.success, "it is chosen by its key alone, and has options without a default");
    return;
  }
  for (const spelling of spellings(entriesOf(subject), options)) {
    const read = isElsewhere(plugin)
      ? readLoosely(plugin, spelling)
      : readFlags(sectionOf(plugin), spelling);
    const prefix = isElsewhere(plugin) ? "" : SLOTS[plugin.slot].section;
    const flags = spelling.map(({ path, values }) =>
      `--${joinPath(prefix, ...path)} ${values.join(" ")}`
    );
    const wanted = JSON.stringify(options);
    expect(same(read, options), `${flags.join(" ")} gives ${JSON.stringify(read)}, not ${wanted}`);
  }
}

/** Reads flags as a command does. */
function readFlags(section: ComposedSection, flags: readonly Flag[]): unknown {
  const sections = [section];
  const tree: PlainObject = {};
  const place = splitPath(section.path);
  const placed = flags.map((flag) => ({ ...flag, path: [...place, ...flag.path] }));
  const issues = applyFlags(tree, placed, sections);
  const registry = new Registry();
  for (const plugin of section.plugins) registry.add(plugin);
  const validated = validateSection(section, getAt(tree, place), { sections, registry });
  const all = [...issues, ...validated.issues].map(renderIssue);
  expect(all.length === 0, all.join("; "));
  const names = section.plugins.flatMap((plugin) => Object.keys(optionEntries(plugin)));
  return pick(validated.values, names);
}

/** Reads flags below an option of another plugin that takes anything. */
function readLoosely(plugin: Plugin, flags: readonly Flag[]): unknown {
  const given: PlainObject = {};
  const anything = readSchema({ type: "unknown" } as unknown as AnySchema);
  for (const { path, values } of flags) {
    const converted = convert(anything, values);
    setAt(given, path, "value" in converted ? converted.value : values);
  }
  const parsed = parseOptions(plugin, given);
  expect(parsed.success, `it refuses ${JSON.stringify(given)}: ${parsed.issues?.[0].message}`);
  return parsed.output;
}

/** Flags that say what a config says, in the ways in which they can be written. */
function spellings(entries: Entries, options: PlainObject): Flag[][] {
  const flags = leaves(entries).flatMap(([name, field]) => {
    const path = splitPath(name);
    const value = getAt(options, path);
    return value === undefined ? [] : [spell(path, field, value)];
  });
  const ways = Math.max(1, ...flags.map((written) => written.length));
  return Array.from(
    { length: ways },
    (_, way) => flags.map((written) => written[Math.min(way, written.length - 1)]),
  );
}

function spell(path: readonly string[], field: Field, value: unknown): Flag[] {
  const json = { path, values: [JSON.stringify(value)] };
  if (value === null) return [json];
  switch (field.kind) {
    case "boolean": {
      const name = value ? path : [...path.slice(0, -1), `no_${path.at(-1)}`];
      return [{ path: name, values: [] }, { path, values: [String(value)] }];
    }
    case "text":
    case "path":
    case "number":
    case "whole":
    case "choice":
      return [{ path, values: [String(value)] }];
    case "list": {
      const items = value as readonly unknown[];
      const words = items.map((item) => typeof item === "string" ? item : JSON.stringify(item));
      return items.length > 1 ? [{ path, values: words }, json] : [json];
    }
    default:
      return [json];
  }
}

function checkUnknown({ plugin, options }: AnyUnderTest): void {
  const given = { ...options as PlainObject, [UNKNOWN]: 1 };
  const parsed = parseOptions(plugin as Plugin, given);
  expect(
    !parsed.success,
    "its schema takes options of any name; options({...}) makes one that does not",
  );
  if (isElsewhere(plugin as Plugin)) return;
  const section = sectionOf(plugin as Plugin);
  const registry = new Registry();
  registry.add(plugin);
  const { issues } = validateSection(section, given, { sections: [section], registry });
  const lines = issues.map(renderIssue);
  const wanted = `${joinPath(section.path, UNKNOWN)}: expected a field of ${section.path}, ` +
    "received an unknown name";
  expect(
    lines.some((line) => line.startsWith(wanted)),
    `a wrong option is reported as ${JSON.stringify(lines.join("; "))}`,
  );
}
