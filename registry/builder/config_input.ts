/**
 * Configs as programs give them: resolved, or in parts.
 * @module
 */
import type { ConfigPart } from "../configure.ts";
import { changedFields } from "../config/given_fields.ts";
import { type Resolution, resolveConfig } from "../config/resolve.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import type { Registry } from "../registry.ts";

/**
 * What a run is described by: a resolved config, or parts of one: plugins selected by `configure`,
 * and fields that belong to no plugin. Later parts win over earlier ones.
 * @category Configs
 */
export type ConfigInput = ResolvedConfig | readonly ConfigPart[];

/**
 * Resolves what a program gives.
 * @param given A resolved config, which stays as it is, or parts.
 * @param registry Where plugins are looked up.
 * @returns The resolved config, lines for the user, and which fields somebody set.
 * @throws {ConfigError} with everything that is wrong with the parts.
 */
export function resolveConfigInput(given: ConfigInput, registry: Registry): Resolution {
  if (isParts(given)) return resolveConfig({ parts: given }, registry);
  // The config of a run that goes on was set when it began.
  const set = given.training.resume === null ? changedFields(given, { registry }) : [];
  return { config: given, notices: [], given: set };
}

/** Whether a config is given in parts, rather than resolved. */
export function isParts<P>(given: object | readonly P[]): given is readonly P[] {
  return Array.isArray(given);
}
