/** Options are described once; what the types of options repeat has to be the same. */
import { assertEquals } from "@std/assert";
import * as library from "../../mod.ts";
import { optionEntries } from "../../registry/config/compose.ts";
import { EXTRACT_SECTIONS } from "../../registry/config/extract.ts";
import { type Entries, readSchema } from "../../registry/config/schema.ts";
import { type Section, SECTIONS } from "../../registry/config/sections.ts";
import { text } from "../../registry/options/mod.ts";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";
import { type Documented, documented, type TsType } from "./_documented.ts";
import { drifting, steady } from "./_drifting_options.ts";
import { differences } from "./_option_types.ts";

/** Types of the sections' own fields. */
const SECTION_TYPES: Readonly<Record<string, string>> = {
  data: "DataFields",
  model: "ModelFields",
  task: "TaskFields",
  training: "TrainingFields",
  dataloading: "DataloadingFields",
  optimizer: "OptimizerFields",
  logger: "LoggerFields",
  "": "RootFields",
};

/** The same for the sections that only extraction has. */
const EXTRACT_TYPES: Readonly<Record<string, string>> = {
  "": "ExtractFields",
  dataloading: "ExtractLoading",
};

const symbols = await documented(
  "mod.ts",
  "registry/mod.ts",
  "engine/nn/mod.ts",
  "engine/images/mod.ts",
);

/** Name of the type of a plugin's options: the last parameter of the plugin's own type. */
function optionsType({ declarations }: Documented): string | undefined {
  const type = declarations[0].def?.tsType;
  if (type?.kind !== "typeRef" || !/Plugin$/.test(type.repr ?? "")) return undefined;
  const { typeParams = [] } = type.value as { readonly typeParams?: readonly TsType[] };
  return typeParams.at(-1)?.repr;
}

/** Plugins that the library exports, with the names of their options' types. */
function pluginsByType(): [string, Plugin][] {
  return symbols.flatMap((symbol) => {
    const name = optionsType(symbol);
    const plugin = (library as Readonly<Record<string, unknown>>)[symbol.name];
    return name === undefined ? [] : [[name, plugin as Plugin] as [string, Plugin]];
  });
}

function sectionsByType(
  sections: readonly Section[],
  types: Readonly<Record<string, string>>,
): [string, Entries][] {
  const filled = sections.filter(({ entries }) => Object.keys(entries).length > 0);
  assertEquals(filled.map(({ path }) => path).sort(), Object.keys(types).sort());
  return filled.map(({ path, entries }) => [types[path], entries]);
}

function grouped(pairs: readonly (readonly [string, Entries])[]): Map<string, Entries[]> {
  const groups = new Map<string, Entries[]>();
  for (const [name, entries] of pairs) groups.set(name, [...groups.get(name) ?? [], entries]);
  return groups;
}

Deno.test("types of options say what the options of every plugin are", () => {
  const plugins = pluginsByType();
  const all = SLOT_NAMES.flatMap((slot) => registry.list(slot).map((key) => `${slot} ${key}`));
  assertEquals(plugins.map(([, { slot, key }]) => `${slot} ${key}`).sort(), all.sort());
  const uses = grouped(plugins.map(([name, plugin]) => [name, optionEntries(plugin)]));
  assertEquals(differences(uses, symbols), []);
});

Deno.test("types of sections say what their fields are", () => {
  const own = EXTRACT_SECTIONS.filter((section) => !SECTIONS.includes(section));
  const uses = grouped([
    ...sectionsByType(SECTIONS, SECTION_TYPES),
    ...sectionsByType(own, EXTRACT_TYPES),
  ]);
  // A resolved config has a number, for which batch_size stands in.
  assertEquals(differences(uses, symbols), [
    "DataloadingFields.eval_batch_size: is number, the option takes null | number",
    "DataloadingFields.eval_batch_size: its comment has no default to tell, the option the " +
    "default null",
  ]);
});

Deno.test("every way in which a type and its options may differ is found", async () => {
  const made = await documented("tests/repo/_drifting_options.ts");
  const entriesOf = (schema: OptionsSchema<unknown>) => readSchema(schema).entries;
  assertEquals(differences(new Map([["Steady", [entriesOf(steady)]]]), made), []);
  assertEquals(differences(new Map([["Drifting", [entriesOf(drifting)]]]), made), [
    "Drifting.extra: is an option, but not in the interface",
    "Drifting.other: its comment has the default 2, the option the default 1",
    "Drifting.silent: its comment has no default to tell, the option the default 1",
    "Drifting.given: its comment has the default 1, the option no default to tell",
    "Drifting.spelled: its comment has the default one, the option the default 1",
    'Drifting.more: is "a" | "b" | "c", the option takes "a" | "b"',
    "Drifting.never: is null | number, the option takes number",
    'Drifting.wide: is string, the option takes "a" | "b"',
    "Drifting.items: is list of number | string, the option takes list of number",
    "Drifting.uncommented: has no comment",
    "Drifting.loose: is not readonly, or may be absent",
    "Drifting.absent: is not readonly, or may be absent",
    "Drifting.only: is in the interface, but no option",
    'DriftingKeys.label: its comment has the default "labels", the option the default "label"',
  ]);
});

Deno.test("a type that plugins share tells no default in which they differ", async () => {
  const made = await documented("tests/repo/_drifting_options.ts");
  const [one, two] = ["label", "target"].map((name) => ({ label: text(name, ".") }));
  assertEquals(differences(new Map([["Keys", [one]]]), made), []);
  assertEquals(differences(new Map([["Keys", [one, two]]]), made), [
    'Keys.label: its comment has the default "label", the option no default to tell',
  ]);
});
