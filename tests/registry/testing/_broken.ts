/** Plugins that break one promise each, and what the checks say of them. */
import { assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import type { Plugin, Slot } from "../../../registry/plugin.ts";
import {
  checkPlugin,
  PluginCheckError,
  type PluginCheckOptions,
  type PluginFailure,
} from "../../../registry/testing/mod.ts";

/** The promises that a plugin does not keep. */
export async function failuresOf<S extends Slot, C>(
  plugin: Plugin<S, C>,
  options: PluginCheckOptions<S, C> = {},
): Promise<readonly PluginFailure[]> {
  try {
    await checkPlugin(plugin, options);
    return [];
  } catch (error) {
    if (error instanceof PluginCheckError) return error.failures;
    throw error;
  }
}

/** Asserts that a plugin fails these checks and no others, each for the reason given. */
export async function assertFails<S extends Slot, C>(
  plugin: Plugin<S, C>,
  expected: Readonly<Record<string, RegExp>>,
  options: PluginCheckOptions<S, C> = {},
): Promise<void> {
  const failures = await failuresOf(plugin, options);
  const lines = failures.map(({ check, state }) => `${check}: ${state}`).join("\n");
  assertEquals(failures.map(({ check }) => check).sort(), Object.keys(expected).sort(), lines);
  for (const { check, state } of failures) assertMatch(state, expected[check], check);
}

/** Makes a plugin without options. */
export function plain<S extends Slot>(slot: S, create: Plugin<S>["create"]): Plugin<S> {
  return { slot, key: "sample", description: "a sample", config: v.strictObject({}), create };
}
