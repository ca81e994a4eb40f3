/**
 * Configs as programs give them: resolved, or in parts.
 * @module
 */
import type { ConfigPart } from "../configure.ts";
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
 * @returns The resolved config, and lines for the user.
 * @throws {ConfigError} with everything that is wrong with the parts.
 */
export function resolveConfigInput(given: ConfigInput, registry: Registry): Resolution {
  return isParts(given)
    ? resolveConfig({ parts: given }, registry)
    : { config: given, notices: [] };
}

/** Whether a config is given in parts, rather than resolved. */
export function isParts<P>(given: object | readonly P[]): given is readonly P[] {
  return Array.isArray(given);
}
