/**
 * From a resolved config to its plugins and their options: all that a builder needs to know of the
 * tree.
 * @module
 */
import { PluginError, quote } from "../errors.ts";
import type { Plugin, Slot } from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";
import { optionEntries } from "./compose.ts";
import { getAt, isPlainObject, pick, splitPath } from "./objects.ts";
import { parseOptions } from "./options.ts";

/** A plugin that a config selects, with its options. */
export interface SelectedPlugin<S extends Slot> {
  /** The plugin. */
  readonly plugin: Plugin<S>;
  /** Its options, validated: the first argument of its `create`. */
  readonly options: unknown;
}

/**
 * Finds the plugin that a config selects for a slot.
 * @param config A resolved config, or the part of it that has the slot's section.
 * @param slot A slot that holds one key.
 * @param registry Where the plugin is looked up.
 * @returns The plugin and its options.
 * @throws {UnknownKeyError} if the plugin is not registered.
 */
export function selectedPlugin<S extends Slot>(
  config: object,
  slot: S,
  registry: Registry,
): SelectedPlugin<S> {
  return selectedPlugins(config, slot, registry)[0]!;
}

/**
 * Finds all plugins that a config selects for a slot.
 * @param config A resolved config.
 * @param slot A slot; one that holds a list gives several plugins, with their default options; one
 *   that may hold several gives as many as are selected.
 * @param registry Where the plugins are looked up.
 * @returns The plugins and their options, in the order of the config.
 * @throws {UnknownKeyError} if a plugin is not registered.
 */
export function selectedPlugins<S extends Slot>(
  config: object,
  slot: S,
  registry: Registry,
): SelectedPlugin<S>[] {
  const { section, field, list } = SLOTS[slot];
  const found = getAt(config, splitPath(section));
  const fields = isPlainObject(found) ? found : {};
  const keys = [fields[field]].flat() as readonly string[];
  return keys.map((key) => {
    const plugin = registry.get(slot, key);
    if (list) return { plugin, options: defaultOptions(plugin) };
    return { plugin, options: pick(fields, Object.keys(optionEntries(plugin as Plugin))) };
  });
}

/** Plugins in a list have no place for options in the tree. */
function defaultOptions<S extends Slot>(plugin: Plugin<S>): unknown {
  const parsed = parseOptions(plugin, {});
  if (parsed.success) return parsed.output;
  const { slot, key } = plugin;
  throw new PluginError(`Cannot use ${slot} ${quote(key)}: it has options without a default`);
}
