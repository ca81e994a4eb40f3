/**
 * Configs of an extraction as programs give them: resolved, or in parts.
 * @module
 */
import { mergeParts } from "../../registry/configure.ts";
import {
  EXTRACT_SECTIONS,
  type ExtractConfig,
  type ExtractPart,
  resolveExtractConfig,
} from "../../registry/config/extract.ts";
import { changedFields } from "../../registry/config/given_fields.ts";
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
 * @returns The resolved config, lines for the user, and which fields somebody set.
 * @throws {ConfigError} with everything that is wrong with the parts.
 * @throws {DataError} if a checkpoint is named and it or its config cannot be read.
 */
export function resolveExtractInput(
  given: ExtractConfigInput,
  registry: Registry,
): Resolution<ExtractConfig> {
  if (!isParts(given)) {
    // What the config of a checkpoint's run says was set for that run.
    const set = given.checkpoint_path === null
      ? changedFields(given, { registry, sections: EXTRACT_SECTIONS })
      : [];
    return { config: given, notices: [], given: set };
  }
  const tree: PlainObject = {};
  mergeParts(tree, given);
  const { checkpoint_path: checkpoint } = tree;
  if (typeof checkpoint !== "string") return resolveExtractConfig({ parts: given }, registry);
  const dataset = getAt(tree, splitPath(keyPath(SLOTS.dataset)));
  const run = checkpointConfig(checkpoint, typeof dataset === "string" ? dataset : undefined);
  try {
    return resolveExtractConfig({ file: run.tree, parts: given, inherited: true }, registry);
  } catch (error) {
    throw addPluginHint(error, { ...run, registry });
  }
}
