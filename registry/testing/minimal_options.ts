/**
 * The smallest options that a plugin's schema accepts, so that a plugin can be checked without
 * anybody writing a config.
 * @module
 */
import { optionEntries } from "../config/compose.ts";
import { renderIssues } from "../config/issues.ts";
import { isPlainObject, type PlainObject } from "../config/objects.ts";
import { parseOptions } from "../config/options.ts";
import { type AnySchema, type Bounds, type Field, readSchema } from "../config/schema.ts";
import { ConfigError, renderIssue } from "../errors.ts";
import type { Plugin, Slot } from "../plugin.ts";
import { SLOTS } from "../slots.ts";

/**
 * Completes options: what is required and not given gets the smallest value of its type and bounds,
 * what is optional its default.
 * @param plugin The plugin.
 * @param given Options that stay as they are.
 * @returns Options that the schema has accepted.
 * @throws {ConfigError} if the schema refuses them, because it asks for more than types and bounds:
 *   then the missing ones have to be given.
 *
 * @example An encoder that must be told the width of features
 * ```ts
 * import { precomputed } from "@glovita/glovita";
 * import { minimalOptions } from "@glovita/glovita/testing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(minimalOptions(precomputed), { feature_dim: 1 });
 * assertEquals(minimalOptions(precomputed, { feature_dim: 8 }), { feature_dim: 8 });
 * ```
 */
export function minimalOptions<S extends Slot, C>(
  plugin: Plugin<S, C>,
  given: Readonly<Record<string, unknown>> = {},
): C {
  const entries = optionEntries(plugin as unknown as Plugin);
  const options = { ...smallestObject(entries), ...withoutUndefined(given) };
  const parsed = parseOptions(plugin, options);
  if (parsed.success) return parsed.output;
  const { section } = SLOTS[plugin.slot];
  const issues = renderIssues(section, entries, parsed.issues);
  throw new ConfigError(issues.map((issue) => ({
    path: "",
    message: `${renderIssue(issue)}; give the option to the check`,
  })));
}

function withoutUndefined(options: Readonly<Record<string, unknown>>): PlainObject {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Required fields only. */
function smallestObject(entries: Readonly<Record<string, AnySchema>>): PlainObject {
  const required = Object.entries(entries).map(([name, schema]) =>
    [name, readSchema(schema)] as const
  );
  return Object.fromEntries(
    required.filter(([, { optional }]) => !optional).map((
      [name, field],
    ) => [name, smallest(field)]),
  );
}

function smallest(field: Field): unknown {
  if (field.nullable) return null;
  switch (field.kind) {
    case "text":
    case "path":
      return "a".repeat(Math.max(1, field.bounds.min ?? 0));
    case "whole":
      return smallestWhole(field.bounds);
    case "number":
      return smallestNumber(field.bounds);
    case "boolean":
      return false;
    case "choice":
      return field.choices[0];
    case "list":
      return smallestList(field);
    case "map":
      return {};
    case "object":
      return smallestObject(field.entries);
    case "union":
      return smallest(readSchema(field.options[0]));
    case "any":
      return null;
  }
}

function smallestWhole({ min, above, max, below }: Bounds): number {
  if (min !== undefined) return Math.ceil(min);
  if (above !== undefined) return Math.floor(above) + 1;
  const highest = max ?? (below === undefined ? 0 : below - 1);
  return Math.min(0, Math.floor(highest));
}

/** Where the lower end itself is not allowed, something between the ends. */
function smallestNumber({ min, above, max, below }: Bounds): number {
  if (min !== undefined) return min;
  const high = max ?? below;
  if (above !== undefined) return high === undefined ? above + 1 : (above + high) / 2;
  if (high === undefined || high > 0) return 0;
  return max ?? high - 1;
}

function smallestList({ items, bounds }: Field): unknown[] {
  return Array.from({ length: bounds.min ?? 0 }, (_, index) => {
    const item = items[index] ?? items.at(-1);
    return item === undefined ? null : smallest(readSchema(item));
  });
}

/**
 * Tells whether a value is what a JSON file can hold.
 * @param value Any value.
 * @returns Whether writing it as JSON and reading it again gives the same.
 */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return isPlainObject(value) && Object.values(value).every(isJson);
}
