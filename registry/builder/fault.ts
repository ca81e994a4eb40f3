/**
 * Errors of plugins, with the slot and the key that they came from.
 * @module
 */
import { PartError } from "../../engine/errors.ts";
import { faultOf } from "../../engine/fault.ts";
import { ConfigError, PluginError, quote } from "../errors.ts";
import type { Plugin } from "../plugin.ts";

/** Slot and key of a plugin. */
export type PluginName = Pick<Plugin, "slot" | "key">;

/** The registry's own errors, which say by themselves what is wrong. */
const DELIBERATE: ReadonlySet<string> = new Set([
  "ConfigError",
  "PluginError",
  "DuplicateKeyError",
  "UnknownKeyError",
]);

/**
 * What a plugin is called in messages.
 * @param plugin Slot and key.
 * @returns For example `head_type "abmil"`.
 */
export function partName({ slot, key }: PluginName): string {
  return `${slot} ${quote(key)}`;
}

/**
 * Says of an error that a plugin threw where in the config its reason stands, or whose bug it is.
 * @param error What was thrown.
 * @param plugin The plugin.
 * @param path Where the plugin's key stands in the config, if a `RangeError` says that its options
 *   do not fit; left out where a `RangeError` is as much of a bug as any other.
 * @returns The error itself where it was thrown on purpose; else a `ConfigError`, a `DataError` where
 *   the system refused a file, or a `PluginError`.
 */
export function explainPluginError(error: unknown, plugin: PluginName, path?: string): unknown {
  if (error instanceof Error && DELIBERATE.has(error.name)) return error;
  if (error instanceof RangeError && path !== undefined) {
    return new ConfigError([{ path, message: `"${plugin.key}": ${error.message}` }], {
      cause: error,
    });
  }
  const fault = faultOf(partName(plugin), error);
  if (fault === error || !(fault instanceof PartError)) return fault;
  const { slot, key } = plugin;
  return new PluginError(fault.message, { slot, key, cause: error });
}
