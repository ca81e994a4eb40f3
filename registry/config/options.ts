/**
 * Running the schemas of plugins: they may be a stranger's, and throw.
 * @module
 */
import * as v from "valibot";
import { firstLine } from "../../engine/first_line.ts";
import { PluginError, quote } from "../errors.ts";
import type { OptionsSchema, Plugin } from "../plugin.ts";

/**
 * Runs the schema of a plugin.
 * @param plugin The plugin.
 * @param options What was given.
 * @returns The options with their defaults, or what is wrong with them.
 * @throws {PluginError} if the schema throws instead of telling what is wrong.
 */
export function parseOptions<C>(
  { slot, key, config }: Pick<Plugin, "slot" | "key"> & { readonly config: OptionsSchema<C> },
  options: unknown,
): v.SafeParseResult<OptionsSchema<C>> {
  try {
    return v.safeParse(config, options);
  } catch (cause) {
    const message = `Cannot check the options of ${slot} ${quote(key)}: its schema threw: `;
    throw new PluginError(message + firstLine(cause), { slot, key, cause });
  }
}

/**
 * Asks a schema for its default.
 * @param schema Any schema.
 * @returns The value that stands for one left out; `undefined` where computing it throws, which
 * {@linkcode parseOptions} reports.
 */
export function defaultOf(schema: v.GenericSchema<unknown, unknown>): unknown {
  try {
    return v.getDefault(schema as Parameters<typeof v.getDefault>[0]);
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a schema takes `null`.
 * @param schema Any schema.
 * @returns Whether `null` is a value of it, or makes it throw, which {@linkcode parseOptions}
 * reports.
 */
export function takesNull(schema: v.GenericSchema<unknown, unknown>): boolean {
  try {
    return v.is(schema, null);
  } catch {
    return true;
  }
}
