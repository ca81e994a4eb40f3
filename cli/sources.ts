/**
 * What a command line names and a command reads before it resolves its config: plugin modules,
 * config files, run directories.
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, PluginError, quote } from "../registry/errors.ts";
import type { Plugin } from "../registry/plugin.ts";
import type { Registry } from "../registry/registry.ts";
import { SLOT_NAMES } from "../registry/slots.ts";
import { isPlainObject, type PlainObject } from "../registry/config/objects.ts";

/** Name of the file in a run directory that a run can be continued from. */
const RESOLVED_CONFIG = "resolved_config.json";

/**
 * Imports a plugin module, and adds the plugins that it exports.
 * @param specifier Path, URL or package.
 * @param registry Where its plugins go.
 * @throws {PluginError} if it cannot be imported or brings no plugin.
 */
export async function loadPlugin(specifier: string, registry: Registry): Promise<void> {
  const fail = (reason: string, cause?: unknown): PluginError =>
    new PluginError(`Cannot load plugin ${quote(specifier)}: ${reason}`, { specifier, cause });
  if (specifier === "") {
    throw new PluginError("--plugin: expected a path, URL or package, received nothing");
  }
  const url = await pluginUrl(specifier);
  if (url === undefined) throw fail("file does not exist");
  const before = countPlugins(registry);
  try {
    const module: Record<string, unknown> = await import(url);
    const plugins = Object.values(module).filter(isPlugin);
    for (const plugin of plugins) registry.add(plugin);
    if (plugins.length === 0 && countPlugins(registry) === before) {
      throw fail("it neither exports nor registers a plugin");
    }
  } catch (error) {
    if (error instanceof PluginError && error.specifier !== undefined) throw error;
    throw fail(firstLine(error), error);
  }
}

/** A URL to import, or `undefined` for a path at which there is no file. */
async function pluginUrl(specifier: string): Promise<string | undefined> {
  if (/^[a-z][a-z+.-]+:/i.test(specifier)) return specifier;
  const path = resolve(specifier);
  if (await isFile(path)) return pathToFileURL(path).href;
  const looksLikePath = /^\.{0,2}[/\\]/.test(specifier) || isAbsolute(specifier) ||
    (/\.[cm]?[jt]s$/.test(specifier) && !specifier.startsWith("@"));
  return looksLikePath ? undefined : specifier;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

function isPlugin(value: unknown): value is Plugin {
  if (!isPlainObject(value)) return false;
  return typeof value.slot === "string" && typeof value.key === "string" &&
    typeof value.create === "function" && "config" in value;
}

function countPlugins(registry: Registry): number {
  return SLOT_NAMES.reduce((sum, slot) => sum + registry.list(slot).length, 0);
}

/**
 * Reads a config file.
 * @param file Path as the user gave it.
 * @param flag Flag that named it, for messages.
 * @returns The tree.
 * @throws {ConfigError} if there is no such file, or no JSON object in it.
 */
export async function readConfigFile(file: string, flag: string): Promise<PlainObject> {
  const fail = (reason: string, cause?: unknown): ConfigError =>
    new ConfigError([{ path: flag, message: `expected ${reason}` }], { cause });
  if (file === "") throw fail("the path of a JSON file, received nothing");
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "does not exist" : firstLine(error);
    throw fail(`a JSON file, received ${quote(file)}: ${state}`, error);
  }
  try {
    const tree: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (isPlainObject(tree)) return tree;
  } catch (error) {
    throw fail(`JSON in ${quote(file)}, received something else: ${firstLine(error)}`, error);
  }
  throw fail(`a JSON object in ${quote(file)}, received another value`);
}

/**
 * Reads the config of a run that is to be continued.
 * @param directory Run directory as the user gave it.
 * @returns The run's resolved config.
 * @throws {ConfigError} if the directory holds no readable config.
 */
export async function readRunConfig(directory: string): Promise<PlainObject> {
  const flag = "training.resume";
  const file = `${directory.replace(/[/\\]+$/, "")}/${RESOLVED_CONFIG}`;
  if (await isFile(file)) return await readConfigFile(file, flag);
  const fold = `${directory.replace(/[/\\]+$/, "")}/0`;
  const hint = await isFile(`${fold}/${RESOLVED_CONFIG}`) ? `, did you mean ${quote(fold)}?` : "";
  throw new ConfigError([{
    path: flag,
    message: `expected a run directory with ${RESOLVED_CONFIG}, received ${
      quote(directory)
    }${hint}`,
  }]);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0];
}
