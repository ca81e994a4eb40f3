/**
 * The registry: plugins by slot and key. Adding a plugin stores it and does nothing else, so the
 * order of imports cannot matter.
 * @module
 */
import type { Plugin, Slot } from "./plugin.ts";
import { DuplicateKeyError, PluginError, UnknownKeyError } from "./errors.ts";
import { SLOTS } from "./slots.ts";

/**
 * Plugins by slot and key. The application has one, {@linkcode registry}; tests and libraries that
 * want to be alone make their own.
 *
 * @example An isolated registry
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const registry = new Registry();
 * assertEquals(registry.has("head_type", "clam"), false);
 * assertEquals(registry.list("head_type"), []);
 * ```
 *
 * @category Registry
 */
export class Registry {
  readonly #slots = new Map<string, Map<string, Plugin>>();

  /**
   * Stores a plugin. Adding the same plugin again is fine.
   * @param plugin The plugin.
   * @throws {PluginError} if the value is not a plugin.
   * @throws {DuplicateKeyError} if another plugin holds its slot and key.
   */
  add<S extends Slot, C>(plugin: Plugin<S, C>): void {
    checkPlugin(plugin);
    let keys = this.#slots.get(plugin.slot);
    if (keys === undefined) this.#slots.set(plugin.slot, keys = new Map());
    const held = keys.get(plugin.key);
    if (held !== undefined && held !== (plugin as unknown as Plugin)) {
      throw new DuplicateKeyError(plugin.slot, plugin.key);
    }
    keys.set(plugin.key, plugin as unknown as Plugin);
  }

  /**
   * Finds a plugin.
   * @param slot Slot to look in.
   * @param key Key of the plugin.
   * @returns The plugin.
   * @throws {UnknownKeyError} if the slot has no such key.
   */
  get<S extends Slot>(slot: S, key: string): Plugin<S> {
    const plugin = this.#slots.get(slot)?.get(key);
    if (plugin === undefined) throw new UnknownKeyError(slot, key, this.list(slot));
    return plugin as unknown as Plugin<S>;
  }

  /**
   * Tells whether a plugin is there.
   * @param slot Slot to look in.
   * @param key Key of the plugin.
   * @returns Whether the slot has the key.
   */
  has(slot: Slot, key: string): boolean {
    return this.#slots.get(slot)?.has(key) ?? false;
  }

  /**
   * Lists keys.
   * @param slot Slot to look in.
   * @param pattern Only keys that match it; `*` stands for any text, `?` for any character.
   * @returns The keys, sorted.
   */
  list(slot: Slot, pattern = "*"): string[] {
    const matcher = globToRegExp(pattern);
    const keys = [...(this.#slots.get(slot)?.keys() ?? [])];
    return keys.filter((key) => matcher.test(key)).sort();
  }
}

/**
 * The registry that built-in plugins add themselves to, and that the command line reads.
 *
 * @example What is there
 * ```ts
 * import { registry } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(registry.get("head_type", "clam").slot, "head_type");
 * assertEquals(registry.list("optimizer", "Adam*"), ["Adam", "AdamW"]);
 * ```
 *
 * @category Registry
 */
export const registry: Registry = new Registry();

function checkPlugin(plugin: Plugin): void {
  const { slot, key } = plugin;
  if (!Object.hasOwn(SLOTS, slot)) {
    throw new PluginError(`Cannot add plugin "${key}": slot "${slot}" does not exist`);
  }
  if (typeof key !== "string" || !/^\S+$/.test(key)) {
    throw new PluginError(`Cannot add ${slot} plugin: its key is ${JSON.stringify(key)}`);
  }
  if (typeof plugin.create !== "function") {
    throw new PluginError(`Cannot add ${slot} "${key}": it has no method "create"`);
  }
  const { config } = plugin;
  if (config?.kind !== "schema" || !("entries" in config)) {
    throw new PluginError(
      `Cannot add ${slot} "${key}": its "config" is not a valibot object schema`,
    );
  }
  if (config.async as boolean) {
    throw new PluginError(`Cannot add ${slot} "${key}": its "config" is an asynchronous schema`);
  }
}

function globToRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
