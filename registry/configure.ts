/**
 * Configs as values: what a config file says with strings, a program says with the plugins
 * themselves, so that a wrong option does not compile.
 * @module
 */
import { ConfigError, quote } from "./errors.ts";
import type { Plugin, Slot } from "./plugin.ts";
import { isPlainObject, type PlainObject, setAt, splitPath } from "./config/objects.ts";
import { describeValue } from "./config/schema.ts";
import { keyPath, SLOTS } from "./slots.ts";
import type { ConfigFields } from "./config/tree.ts";

/**
 * Options of which any may be left out, those of objects inside too.
 * @category Configs
 */
export type PartialOptions<C> = C extends readonly unknown[] ? C
  : C extends object ? keyof C extends never ? Readonly<Record<string, never>>
    : { readonly [K in keyof C]?: PartialOptions<C[K]> }
  : C;

/**
 * A plugin that a config selects, and the options that it gives.
 * @category Configs
 */
export interface Configured {
  /** Slot that the plugin is selected for. */
  readonly slot: Slot;
  /** Key of the plugin. */
  readonly key: string;
  /** Options as they were given. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * A part of a config: a selected plugin, or fields that belong to no plugin.
 * @category Configs
 */
export type ConfigPart = Configured | ConfigFields;

/**
 * Selects a plugin, with options that the compiler checks against the plugin's own type. Options
 * left out get their defaults; a missing one that has none is found by `resolveConfig`.
 * @param plugin The plugin, which must be in the registry when the config is resolved.
 * @param options Its options.
 * @returns A part of a config.
 * @throws {ConfigError} if options are given to a plugin whose slot holds a list of keys.
 *
 * @example CLAM with one branch
 * ```ts
 * import { clam, configure } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const head = configure(clam, { variant: "sb", dropout: 0.25 });
 * assertEquals([head.slot, head.key], ["head_type", "clam"]);
 * ```
 *
 * @category Configs
 */
export function configure<S extends Slot, C>(
  plugin: Plugin<S, C>,
  options: PartialOptions<NoInfer<C>> = {} as PartialOptions<NoInfer<C>>,
): Configured {
  const { slot, key } = plugin;
  const given = { ...options } as PlainObject;
  const [first] = Object.keys(given);
  if (SLOTS[slot].list && first !== undefined) {
    const message = `expected no options for ${quote(key)}, received ${quote(first)}`;
    throw new ConfigError([{ path: keyPath(SLOTS[slot]), message }]);
  }
  return { slot, key, options: given };
}

/**
 * Writes parts of a config into a tree. Plugins of a slot that may hold several are
 * collected.
 * @param tree The tree, changed in place.
 * @param parts The parts; later ones win.
 * @throws {ConfigError} if the tree holds something else where an object must be.
 */
export function mergeParts(tree: PlainObject, parts: readonly object[]): void {
  const lists = new Map<Slot, string[]>();
  for (const part of parts) {
    if (!isConfigured(part)) {
      merge(tree, part, "");
      continue;
    }
    const { slot, key, options } = part;
    const { section, field, list, several } = SLOTS[slot];
    const keys = [...lists.get(slot) ?? [], key];
    if (list || several) lists.set(slot, keys);
    const isList = list || several && keys.length > 1;
    const fields = { ...structuredClone(options), [field]: isList ? keys : key };
    const nested: PlainObject = {};
    setAt(nested, splitPath(section), fields);
    merge(tree, nested, "");
  }
}

function isConfigured(part: object): part is Configured {
  return "slot" in part && "options" in part;
}

/** Objects are merged, everything else is replaced; what is `undefined` was not given. */
function merge(target: PlainObject, source: object, path: string): void {
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue;
    const here = path === "" ? name : `${path}.${name}`;
    const inside = Object.hasOwn(target, name) ? target[name] : undefined;
    if (!isPlainObject(value)) {
      setAt(target, [name], value);
    } else if (inside === undefined || inside === null) {
      const made: PlainObject = {};
      setAt(target, [name], made);
      merge(made, value, here);
    } else if (isPlainObject(inside)) {
      merge(inside, value, here);
    } else {
      const message = `expected an object, received ${describeValue(inside)}`;
      throw new ConfigError([{ path: here, message }]);
    }
  }
}
