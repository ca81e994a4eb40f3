/**
 * Third-party plugin modules: importing them, and saying which one is at fault.
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { firstLine } from "../engine/first_line.ts";
import { isFile } from "../engine/storage/is_file.ts";
import { DuplicateKeyError, PluginError, quote } from "../registry/errors.ts";
import type { Plugin } from "../registry/plugin.ts";
import type { Registry } from "../registry/registry.ts";
import { SLOT_NAMES } from "../registry/slots.ts";
import { isPlainObject } from "../registry/config/objects.ts";
import { parseOptions } from "../registry/config/options.ts";

/** Specifiers of modules, by the plugins that they brought. */
export type PluginModules = ReadonlyMap<Plugin, string>;

/**
 * Imports plugin modules, and adds the plugins that they export.
 * @param specifiers Paths, URLs or packages.
 * @param registry Where the plugins go.
 * @returns Which module brought which plugin.
 * @throws {PluginError} if one cannot be imported or brings no plugin that can be used.
 */
export async function loadPlugins(
  specifiers: readonly string[],
  registry: Registry,
): Promise<PluginModules> {
  const modules = new Map<Plugin, string>();
  for (const specifier of specifiers) {
    for (const plugin of await loadPlugin(specifier, registry, modules)) {
      modules.set(plugin, specifier);
    }
  }
  return modules;
}

async function loadPlugin(
  specifier: string,
  registry: Registry,
  modules: PluginModules,
): Promise<readonly Plugin[]> {
  if (specifier === "") {
    throw new PluginError("--plugin: expected a path, URL or package, received nothing");
  }
  const fail = (reason: string, cause?: unknown): PluginError =>
    new PluginError(`Cannot load plugin ${quote(specifier)}: ${reason}`, { specifier, cause });
  const url = pluginUrl(specifier);
  if (url === undefined) throw fail("file does not exist");
  const before = new Set(pluginsOf(registry));
  let added: Plugin[];
  try {
    const module: Record<string, unknown> = await import(url);
    const exported = Object.values(module).filter(isPlugin);
    for (const plugin of exported) registry.add(plugin);
    added = pluginsOf(registry).filter((plugin) => !before.has(plugin));
    for (const plugin of added) parseOptions(plugin, {});
    if (exported.length > 0 || added.length > 0) return added;
  } catch (error) {
    const clash = error instanceof DuplicateKeyError;
    throw fail(clash ? describeClash(error, registry, modules) : describe(error), error);
  }
  throw fail("it neither exports nor registers a plugin");
}

/** A URL to import, or `undefined` for a path at which there is no file. */
function pluginUrl(specifier: string): string | undefined {
  if (/^[a-z][a-z+.-]+:/i.test(specifier)) return specifier;
  const path = resolve(specifier);
  if (isFile(path)) return pathToFileURL(path).href;
  const looksLikePath = /^\.{0,2}[/\\]/.test(specifier) || isAbsolute(specifier) ||
    (/\.[cm]?[jt]s$/.test(specifier) && !specifier.startsWith("@"));
  return looksLikePath ? undefined : specifier;
}

function isPlugin(value: unknown): value is Plugin {
  if (!isPlainObject(value)) return false;
  return typeof value.slot === "string" && typeof value.key === "string" &&
    typeof value.create === "function" && "config" in value;
}

function pluginsOf(registry: Registry): Plugin[] {
  return SLOT_NAMES.flatMap((slot) =>
    registry.list(slot).map((key) => registry.get(slot, key) as Plugin)
  );
}

function describeClash(
  { slot, key }: DuplicateKeyError,
  registry: Registry,
  modules: PluginModules,
): string {
  const holder = pluginsOf(registry).find((plugin) => plugin.slot === slot && plugin.key === key);
  const module = holder && modules.get(holder);
  const by = module === undefined ? "a plugin of glovita" : `the plugin of ${quote(module)}`;
  return `Cannot add ${slot} ${quote(key)}: ${by} holds this key`;
}

/** The first line of a message, with the place in a source file that a later line may name. */
function describe(error: unknown): string {
  const first = firstLine(error);
  const text = error instanceof Error ? error.message : String(error);
  const place = /^\s*at (\S+:\d+:\d+)$/m.exec(text)?.[1];
  return place === undefined ? first : `${first.replace(/\.$/, "")}, at ${place}`;
}

/**
 * Says which module brought the plugin that an error is about.
 * @param error What was thrown.
 * @param registry Where the plugin is.
 * @param modules Which module brought which plugin.
 * @returns An error that names the module; the same error where it is about no such plugin.
 */
export function nameModule(error: unknown, registry: Registry, modules: PluginModules): unknown {
  if (!(error instanceof PluginError) || error.specifier !== undefined) return error;
  const { slot, key, message } = error;
  const plugin = pluginsOf(registry).find((plugin) => plugin.slot === slot && plugin.key === key);
  const specifier = plugin && modules.get(plugin);
  if (specifier === undefined) return error;
  return new PluginError(`Cannot use plugin ${quote(specifier)}: ${message}`, {
    specifier,
    slot,
    key,
    cause: error,
  });
}
