/**
 * Only the head trains.
 * Importing this module adds `linear_probing` to the `peft` slot.
 * @module
 */
import * as v from "valibot";
import { frozen } from "../../engine/nn/scope.ts";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Config of `linear_probing`: it has no options. */
export type LinearProbingConfig = Readonly<Record<never, never>>;

const config: OptionsSchema<LinearProbingConfig> = v.strictObject({});

/** The encoder's parameters stay as they are, the head trains. */
export const linearProbing: Plugin<"peft", LinearProbingConfig> = {
  slot: "peft",
  key: "linear_probing",
  description: "only the head trains",
  config,
  create: () => ({ encoder: frozen, head: (scope) => scope }),
};

registry.add(linearProbing);
