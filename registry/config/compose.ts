/**
 * Sections joined with the fields of the plugins that a config selects.
 * @module
 */
import { list, required, text } from "../options/mod.ts";
import type { Plugin, Slot } from "../plugin.ts";
import { SLOTS, slotsOf } from "../slots.ts";
import { type AnySchema, type Entries, readSchema } from "./schema.ts";
import { type Section, SECTIONS } from "./sections.ts";
import type { Selection } from "./select.ts";

/** A section with the fields of its selected plugins. */
export interface ComposedSection extends Section {
  /** Every field: keys of the slots, own fields, options of the selected plugins. */
  readonly entries: Entries;
  /** Own fields that no selected plugin declares for itself. */
  readonly ownEntries: Entries;
  /** What the section's slots chose. */
  readonly selections: readonly Selection[];
  /** Plugins whose options lie in the section. */
  readonly plugins: readonly Plugin[];
  /** Names of the sections inside this one. */
  readonly children: readonly string[];
}

/**
 * Joins every section with the options of its selected plugins. A plugin may declare a field that
 * the section has too, to give it another type, default or description.
 * @param selections What the config selects.
 * @param sections The sections of the tree.
 * @returns The sections in the order of the tree.
 */
export function composeSections(
  selections: readonly Selection[],
  sections: readonly Section[] = SECTIONS,
): ComposedSection[] {
  return sections.map((section) => {
    const slots = slotsOf(section.path);
    const selected = selections.filter(({ slot }) => slots.includes(slot));
    const plugins = selected.flatMap(({ slot, plugins }) => SLOTS[slot].list ? [] : plugins);
    const keys = slots.map((slot): [string, AnySchema] => [SLOTS[slot].field, keySchema(slot)]);
    const options: Entries = Object.assign({}, ...plugins.map(optionEntries));
    const ownEntries = Object.fromEntries(
      Object.entries(section.entries).filter(([name]) => !Object.hasOwn(options, name)),
    );
    return {
      ...section,
      entries: { ...Object.fromEntries(keys), ...section.entries, ...options },
      ownEntries,
      selections: selected,
      plugins,
      children: childrenOf(section.path, sections),
    };
  });
}

/**
 * Lists the options of a plugin.
 * @param plugin The plugin.
 * @returns Their schemas by name.
 */
export function optionEntries(plugin: Plugin): Entries {
  return readSchema(plugin.config).entries;
}

function keySchema(slot: Slot): AnySchema {
  const { list: takesList, several, description } = SLOTS[slot];
  return takesList || several ? list(required, description, text) : text(required, description);
}

function childrenOf(path: string, sections: readonly Section[]): string[] {
  const prefix = path === "" ? "" : `${path}.`;
  return sections.filter((section) => section.path !== "" && section.path.startsWith(prefix))
    .map((section) => section.path.slice(prefix.length))
    .filter((name) => !name.includes("."));
}
