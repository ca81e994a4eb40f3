/**
 * Writes `config.md`, the reference of all config fields, from the schemas of sections and plugins.
 * With `--check` it only says whether the page is current.
 *
 * Run with `npx -y deno@2.9.6 task docs`.
 * @module
 */
import "../plugins/mod.ts";
import { shorthandOf } from "../cli/tokens.ts";
import { optionEntries } from "../registry/config/compose.ts";
import { EXTRACT_SECTIONS } from "../registry/config/extract.ts";
import { PACK_SECTIONS } from "../registry/config/pack.ts";
import { joinPath } from "../registry/config/objects.ts";
import { describeField, type Entries, type Field, readSchema } from "../registry/config/schema.ts";
import { type Section, SECTIONS } from "../registry/config/sections.ts";
import type { MetricPlugin, Plugin, Slot } from "../registry/plugin.ts";
import { type Registry, registry } from "../registry/registry.ts";
import { SLOT_NAMES, SLOTS, slotsOf } from "../registry/slots.ts";

const PAGE = new URL("config.md", import.meta.url);

const INTRODUCTION = `# Config reference

<!-- Written by "deno task docs" from the schemas of sections and plugins; do not edit. -->

Every field of the config tree, with what it takes, its default and its meaning. A field
\`section.field\` is the flag \`--section.field value\`, and \`{ "section": { "field": value } }\` in a
config file. \`--help\` shows the same, with \`--plugin\` also for plugins of your own.`;

/** How plugins are named that stand among the options of others. */
const NAMED_BY: { readonly [S in Slot]?: string } = {
  policy:
    "`data.augmentation.train_policy` and `test_policy` name one each; its options stand in " +
    "`train_kwargs` and `test_kwargs`.",
};

const WIDTH = 100;

/**
 * Renders the page.
 * @param registry The plugins to describe.
 * @returns Markdown.
 */
export function renderPage(registry: Registry): string {
  const shared = new Set<Section>(SECTIONS);
  const ownOf = (sections: readonly Section[]) =>
    sections.filter((section) => !shared.has(section))
      .flatMap((section) => renderSection(section, registry));
  const nested = SLOT_NAMES.filter((slot) => SLOTS[slot].nested);
  return [
    INTRODUCTION,
    "## Training",
    ...SECTIONS.flatMap((section) => renderSection(section, registry)),
    ...nested.flatMap((slot) => renderNested(slot, registry)),
    "## Feature extraction",
    "`glovita_extract_features` takes `data`, `model` and `peft` as training does, and these fields.",
    ...ownOf(EXTRACT_SECTIONS),
    "## Packing slides",
    "`glovita_pack` takes `data` as training does, its fields also without `data.`, and these fields.",
    ...ownOf(PACK_SECTIONS),
  ].join("\n\n") + "\n";
}

function renderSection({ path, description, entries }: Section, registry: Registry): string[] {
  const slots = slotsOf(path);
  const keys = slots.map((slot) => keyRow(slot, registry));
  const rows = [...keys, ...rowsOf(entries, path)];
  const title = path === "" ? description : `\`${path}\`: ${lowerFirst(description)}`;
  return [
    `### ${title}`,
    ...(rows.length > 0 ? [table(HEADER, rows)] : []),
    ...slots.flatMap((slot) => SLOTS[slot].list ? listOf(slot, registry) : parts(slot, registry)),
  ];
}

const HEADER = ["field", "takes", "default", "meaning"];

/** The field that holds the key of a slot. */
function keyRow(slot: Slot, registry: Registry): string[] {
  const { section, field, list, several, defaultKey, description } = SLOTS[slot];
  const known = registry.list(slot);
  const fallback = [defaultKey ?? []].flat().filter((key) => known.includes(key));
  const takes = list ? "a list of keys" : several ? "a key, or a list of keys" : "a key";
  const value = fallback.length > 0 ? fallback.map(code).join(", ") : "required";
  return [code(joinPath(section, field)), takes, value, description];
}

/** Every plugin of a slot with its options. */
function parts(slot: Slot, registry: Registry): string[] {
  const plugins = registry.list(slot).map((key) => registry.get(slot, key) as Plugin);
  return plugins.flatMap((plugin, index) => {
    const { key } = plugin;
    const info = SLOTS[slot];
    const token = info.shorthand ? ` As one token: ${code(shorthandOf(info, key))}.` : "";
    return [
      `#### ${info.field} ${code(key)}`,
      wrap(`${sentence(plugin.description)}${token}`),
      ...optionTable(plugin, info.section, plugins.slice(0, index)),
    ];
  });
}

/** The options of a plugin; where one before has them all, what it says of other defaults. */
function optionTable(plugin: Plugin, path: string, before: readonly Plugin[] = []): string[] {
  const rows = rowsOf(optionEntries(plugin), path);
  if (rows.length === 0) return [];
  const alike = before.find((other) => sameOptions(rows, rowsOf(optionEntries(other), path)));
  if (alike === undefined) return [table(HEADER, rows)];
  const usual = rowsOf(optionEntries(alike), path);
  const other = rows.flatMap(([field, , value], index) =>
    value === usual[index][DEFAULT] ? [] : [[field, value]]
  );
  if (other.length === 0) return [`Its fields are those of ${code(alike.key)}.`];
  return [
    `Its fields are those of ${code(alike.key)}, with other defaults:`,
    table(["field", "default"], other),
  ];
}

/** Column of the defaults. */
const DEFAULT = HEADER.indexOf("default");

/** Whether fields differ in nothing but their defaults. */
function sameOptions(rows: readonly string[][], others: readonly string[][]): boolean {
  const facts = (all: readonly string[][]) =>
    JSON.stringify(all.map((row) => row.toSpliced(DEFAULT, 1)));
  return facts(rows) === facts(others);
}

/** Plugins that are chosen by their keys alone. */
function listOf(slot: Slot, registry: Registry): string[] {
  const rows = registry.list(slot).map((key) => {
    const { description, subtasks } = registry.get(slot, key) as MetricPlugin;
    return [code(key), sentence(description), subtasks?.join(", ") ?? "any"];
  });
  return [table([slot, "meaning", "targets"], rows)];
}

/** Plugins that another plugin's options name. */
function renderNested(slot: Slot, registry: Registry): string[] {
  const { section, description } = SLOTS[slot];
  const keys = registry.list(slot).flatMap((key) => {
    const plugin = registry.get(slot, key) as Plugin;
    const about = wrap(sentence(plugin.description));
    return [`#### ${slot} ${code(key)}`, about, ...optionTable(plugin, "")];
  });
  const title = `### ${code(section)}: ${slot} of images`;
  return [title, wrap(`${description} ${NAMED_BY[slot] ?? ""}`.trim()), ...keys];
}

/** A row for every field that is not an object. */
function rowsOf(entries: Entries, path: string): string[][] {
  return Object.entries(entries).flatMap(([name, schema]) => {
    const field = readSchema(schema);
    const full = joinPath(path, name);
    if (field.kind === "object") return rowsOf(field.entries, full);
    const takes = `${describeField(field)}${field.nullable ? ", or `none`" : ""}`;
    return [[code(full), takes, defaultOf(field), sentence(field.description ?? "")]];
  });
}

function defaultOf({ optional, default: value }: Field): string {
  if (!optional) return "required";
  if (value === null || value === undefined) return "none";
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

function code(text: string): string {
  return text === "" ? "empty" : `\`${text}\``;
}

function sentence(text: string): string {
  const start = /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return start === "" || /[.!?]$/.test(start) ? start : `${start}.`;
}

function wrap(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A table whose columns are aligned, as the formatter has it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |`;
  const [first, ...rest] = cells;
  const rule = line(header.map(() => ""), "-");
  return [line(first), rule, ...rest.map((row) => line(row))].join("\n");
}

function currentPage(): string {
  try {
    return Deno.readTextFileSync(PAGE);
  } catch {
    return "";
  }
}

if (import.meta.main) {
  const page = renderPage(registry);
  if (!Deno.args.includes("--check")) {
    Deno.writeTextFileSync(PAGE, page);
  } else if (page !== currentPage()) {
    console.error("docs/config.md is not current: run deno task docs");
    Deno.exit(1);
  }
}
