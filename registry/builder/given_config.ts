/**
 * Configs as programs give them: resolved, or in parts.
 * @module
 */
import { type ConfigPart, mergeParts } from "../configure.ts";
import { type ExtractConfig, type ExtractPart, resolveExtractConfig } from "../config/extract.ts";
import { getAt, type PlainObject, splitPath } from "../config/objects.ts";
import { keyPath } from "../config/select.ts";
import { type Resolution, resolveConfig } from "../config/resolve.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";
import { checkpointConfig } from "../../jobs/runs/checkpoint_config.ts";
import { explainMissingPlugins } from "../../jobs/runs/run_plugins.ts";

/**
 * What a run is described by: a resolved config, or parts of one, plugins chosen by `configure` and
 * fields that belong to no plugin. Later parts win over earlier ones.
 */
export type GivenConfig = ResolvedConfig | readonly ConfigPart[];

/**
 * Resolves what a program gives.
 * @param given A resolved config, which stays as it is, or parts.
 * @param registry Where plugins are looked up.
 * @returns The resolved config, and lines for the user.
 * @throws {ConfigError} with everything that is wrong with the parts.
 */
export function resolveGiven(given: GivenConfig, registry: Registry): Resolution {
  return isParts(given)
    ? resolveConfig({ parts: given }, registry)
    : { config: given, notices: [] };
}

/** The same for an extraction; parts that name a checkpoint complete the config of its run. */
export type GivenExtractConfig = ExtractConfig | readonly ExtractPart[];

/**
 * Resolves what a program gives to an extraction.
 * @param given A resolved config, which stays as it is, or parts.
 * @param registry Where plugins are looked up.
 * @returns The resolved config, and lines for the user.
 * @throws {ConfigError} with everything that is wrong with the parts.
 * @throws {DataError} if a checkpoint is named and it or its config cannot be read.
 */
export function resolveGivenExtract(
  given: GivenExtractConfig,
  registry: Registry,
): Resolution<ExtractConfig> {
  if (!isParts(given)) return { config: given, notices: [] };
  const tree: PlainObject = {};
  mergeParts(tree, given);
  const { checkpoint_path: checkpoint } = tree;
  if (typeof checkpoint !== "string") return resolveExtractConfig({ parts: given }, registry);
  const dataset = getAt(tree, splitPath(keyPath(SLOTS.dataset)));
  const run = checkpointConfig(checkpoint, typeof dataset === "string" ? dataset : undefined);
  try {
    return resolveExtractConfig({ file: run.tree, parts: given }, registry);
  } catch (error) {
    throw explainMissingPlugins(error, { ...run, registry });
  }
}

function isParts<P>(given: object | readonly P[]): given is readonly P[] {
  return Array.isArray(given);
}
