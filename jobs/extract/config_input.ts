/**
 * Configs of an extraction as programs give them: resolved, or in parts.
 * @module
 */
import { mergeParts } from "../../registry/configure.ts";
import {
  type ExtractConfig,
  type ExtractPart,
  resolveExtractConfig,
} from "../../registry/config/extract.ts";
import { getAt, type PlainObject, splitPath } from "../../registry/config/objects.ts";
import type { Resolution } from "../../registry/config/resolve.ts";
import type { Registry } from "../../registry/registry.ts";
import { keyPath, SLOTS } from "../../registry/slots.ts";
import { isParts } from "../../registry/builder/config_input.ts";
import { checkpointConfig } from "../runs/checkpoint_config.ts";
import { addPluginHint } from "../runs/run_plugins.ts";

/**
 * The same for an extraction; parts that name a checkpoint complete the config of its run.
 * @category Extraction
 */
export type ExtractConfigInput = ExtractConfig | readonly ExtractPart[];

/**
 * Resolves what a program gives to an extraction.
 * @param given A resolved config, which stays as it is, or parts.
 * @param registry Where plugins are looked up.
 * @returns The resolved config, and lines for the user.
 * @throws {ConfigError} with everything that is wrong with the parts.
 * @throws {DataError} if a checkpoint is named and it or its config cannot be read.
 */
export function resolveExtractInput(
  given: ExtractConfigInput,
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
    throw addPluginHint(error, { ...run, registry });
  }
}
