/**
 * Everything trains.
 * Importing this module adds `full_finetuning` to the `peft` slot.
 * @module
 */
import * as v from "valibot";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Config of `full_finetuning`: it has no options. */
export type FullFinetuningConfig = Readonly<Record<never, never>>;

const config: OptionsSchema<FullFinetuningConfig> = v.strictObject({});

/** Encoder and head train with all their parameters. */
export const fullFinetuning: Plugin<"peft", FullFinetuningConfig> = {
  slot: "peft",
  key: "full_finetuning",
  description: "encoder and head train with all their parameters",
  config,
  create: () => ({ encoder: (scope) => scope, head: (scope) => scope }),
};

registry.add(fullFinetuning);
