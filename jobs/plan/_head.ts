/**
 * Which head a plan chooses: the first one that is registered and that takes the samples and targets.
 */
import type { Decision } from "./decision.ts";
import { decide } from "./decision.ts";
import { buildModel } from "../../registry/builder/build_model.ts";
import type { PlainObject } from "../../registry/config/objects.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import { ConfigError } from "../../registry/errors.ts";
import type { Registry } from "../../registry/registry.ts";
import { HEADS } from "./keys.ts";
import type { Facts } from "./_facts.ts";

const PATH = "model.head.head_type";

/**
 * Chooses the head.
 * @param tree The config without a head.
 * @param facts What the head gets.
 * @param registry Where heads are looked up.
 * @returns The head and its options.
 * @throws {ConfigError} if no head takes them.
 */
export async function decideHead(
  tree: PlainObject,
  facts: Facts,
  registry: Registry,
): Promise<Decision[]> {
  const kind = facts.lengths ? "bags" : "vectors";
  for (const { key, reason, options } of HEADS[kind][facts.subtask]) {
    if (!registry.has("head_type", key)) continue;
    const decisions = [
      { path: PATH, value: key, reason },
      ...(options?.(facts) ?? []).map((option) => ({
        ...option,
        path: `model.head.${option.path}`,
      })),
    ];
    if (await fits(tree, decisions, { facts, registry })) return decisions;
  }
  // Heads of others, with their own defaults.
  for (const key of registry.list("head_type")) {
    const decision = {
      path: PATH,
      value: key,
      reason: `the registered head for ${kind} like these`,
    };
    if (await fits(tree, [decision], { facts, registry })) return [decision];
  }
  const message =
    `plan needs --plugin: no registered head takes ${kind} and ${facts.subtask} targets`;
  throw new ConfigError([{ path: "", message }]);
}

async function fits(
  tree: PlainObject,
  decisions: readonly Decision[],
  { facts, registry }: { readonly facts: Facts; readonly registry: Registry },
): Promise<boolean> {
  const whole = structuredClone(tree);
  decide(whole, decisions);
  const samples = { sampleShape: [facts.embedDim], bags: facts.lengths !== undefined };
  try {
    await buildModel(resolveConfig({ file: whole }, registry).config, { registry, ...samples });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
