/**
 * `--help`, made from the schemas of the config tree and of the plugins.
 * @module
 */
import type { Registry } from "../registry/registry.ts";
import { SLOTS } from "../registry/slots.ts";
import { type ComposedSection, composeSections } from "../registry/config/compose.ts";
import type { Flag } from "../registry/config/flag.ts";
import { joinPath } from "../registry/config/objects.ts";
import { describeField, type Entries, type Field, readSchema } from "../registry/config/schema.ts";
import type { Section } from "../registry/config/sections.ts";
import { type Selection, selectPlugins } from "../registry/config/select.ts";
import { shorthandOf } from "./tokens.ts";

/** What a command says about itself. */
export interface CommandInfo {
  /** Name, as it is typed. */
  readonly name: string;
  /** One sentence on what it does. */
  readonly description: string;
  /** Command lines to start from. */
  readonly examples: readonly string[];
  /** What stands before the flags, as `PATH ...`. @default {nothing} */
  readonly words?: string;
  /** Sections of its config tree. @default {SECTIONS} */
  readonly sections?: readonly Section[];
}

const WIDTH = 100;
const COLUMN = 34;

const GLOBAL: readonly (readonly [string, string])[] = [
  ["--config FILE", "JSON file with a config tree; flags win over it."],
  ["--plugin SPECIFIER", "Module with plugins: a path, URL or package. May be repeated."],
  ["--help, -h", "This text. With a key chosen, the flags of its plugin."],
  ["--version", "The version."],
];

/**
 * Writes the help of a command.
 * @param command The command.
 * @param registry Plugins to tell about.
 * @param given What the command line and the config file say so far.
 * @returns The text.
 */
export function renderHelp(
  command: CommandInfo,
  registry: Registry,
  given: { readonly file?: unknown; readonly flags?: readonly Flag[] } = {},
): string {
  const { sections } = command;
  const { selections } = selectPlugins(given.file ?? {}, given.flags ?? [], {
    registry,
    sections,
  });
  const lines = [
    `Usage: ${command.name} ${command.words ?? "[options]"} [--section.field value ...]`,
    "",
    ...wrap(command.description, 0),
    ...wrap(
      "Dashes in flags are underscores. A flag x that is true or false is written --a.x or " +
        "--a.no_x; a list is several words after its flag, or JSON.",
      0,
    ),
    "",
    "Examples",
    ...command.examples.map((example) => `  ${example}`),
    "",
    "Options",
    ...GLOBAL.flatMap(([head, text]) => entry(head, text)),
  ];
  for (const section of composeSections(selections, sections)) {
    lines.push("", heading(section), ...renderSection(section, registry));
  }
  return lines.join("\n");
}

function heading({ path, description }: ComposedSection): string {
  return path === "" ? description : `${path}: ${description}`;
}

function renderSection(section: ComposedSection, registry: Registry): string[] {
  const keyed = new Set(section.selections.map(({ slot }) => SLOTS[slot].field));
  const others = Object.entries(section.entries).filter(([name]) => !keyed.has(name));
  return [
    ...section.selections.flatMap((selection) => renderSlot(selection, registry)),
    ...renderEntries(section.path, Object.fromEntries(others)),
  ];
}

function renderSlot(selection: Selection, registry: Registry): string[] {
  const { slot, plugins, source, complete } = selection;
  const info = SLOTS[slot];
  const known = registry.list(slot);
  const { defaultKey } = info;
  const registered = [defaultKey ?? []].flat().filter((key) => known.includes(key));
  const fallback = registered.length > 0 ? `default: ${registered.join(" ")}` : "required";
  const flag = `--${joinPath(info.section, info.field)} ${
    info.list || info.several ? "KEY ..." : "KEY"
  }`;
  const lines = entry(flag, `${info.description} (${fallback})`);
  if (info.shorthand && known.length > 0) {
    lines.push(`      as one token: ${known.map((key) => shorthandOf(info, key)).join(" ")}`);
  }
  const selected = complete && source !== "default" && !info.list;
  const shown = selected ? plugins : known.map((key) => registry.get(slot, key));
  for (const { key, description } of shown) {
    lines.push(...entry(`    ${key}`, `${sentence(description)}${selected ? " (chosen)" : ""}`));
  }
  if (selected && known.length > 1) lines.push(`      keys: ${known.join(", ")}`);
  return lines.flatMap((line) => line.length > WIDTH ? wrapLine(line) : [line]);
}

function renderEntries(path: string, entries: Entries): string[] {
  return Object.entries(entries).flatMap(([name, schema]) => {
    const field = readSchema(schema);
    const flag = joinPath(path, name);
    if (field.kind === "object") return renderEntries(flag, field.entries);
    return entry(flagHead(path, name, field), explain(field));
  });
}

function flagHead(path: string, name: string, field: Field): string {
  const flag = `--${joinPath(path, name)}`;
  switch (field.kind) {
    case "boolean":
      return `${flag}, --${joinPath(path, `no_${name}`)}`;
    case "path":
      return `${flag} PATH`;
    case "number":
      return `${flag} NUMBER`;
    case "whole":
      return `${flag} INTEGER`;
    case "choice":
      return `${flag} {${field.choices.join(",")}}`;
    case "list":
      return `${flag} VALUE ...`;
    case "map":
      return `${flag}.NAME VALUE`;
    default:
      return `${flag} VALUE`;
  }
}

function explain(field: Field): string {
  const { min, max, above, below } = field.bounds;
  const facts: string[] = [];
  const bounded = [min, max, above, below].some((bound) => bound !== undefined);
  if (bounded || field.kind === "list" || field.kind === "union") facts.push(describeField(field));
  const value = field.default;
  if (!field.optional) facts.push("required");
  else if (value === null || value === undefined) facts.push("default: none");
  else if (Array.isArray(value)) facts.push(`default: ${value.join(" ")}`);
  else facts.push(`default: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return `${sentence(field.description ?? "")} (${facts.join("; ")})`.trim();
}

/** Capital letter, unless the first word is a name, and full stop. */
function sentence(text: string): string {
  const start = /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return start === "" || /[.!?]$/.test(start) ? start : `${start}.`;
}

/** A head in the left column, its text wrapped in the right one. */
function entry(head: string, text: string): string[] {
  const left = `  ${head}`;
  const right = wrap(text, COLUMN);
  if (left.length >= COLUMN) return [left, ...right];
  return [left.padEnd(COLUMN) + (right[0] ?? "").trimStart(), ...right.slice(1)];
}

function wrapLine(line: string): string[] {
  const indent = line.length - line.trimStart().length;
  return wrap(line.trimStart(), indent, indent + 2);
}

function wrap(text: string, indent: number, hanging = indent): string[] {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(hanging);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return text === "" ? [] : [...lines, line];
}
