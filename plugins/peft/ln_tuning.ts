/**
 * Only norms train.
 * Importing this module adds `ln_tuning` to the `peft` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { trainSelected } from "./_selection.ts";

/**
 * Parameters of the encoder with `norm` or `ln` in their names train, and the head.
 *
 * @example A norm trains, a linear layer does not
 * ```ts
 * import { lnTuning } from "@glovita/glovita";
 * import { ones, Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = lnTuning.create({}, {}).encoder(parameters.scope());
 * scope.child("norm1").parameter("weight", [2], ones);
 * scope.linear("fc", 2, 2, { bias: false });
 * assertEquals(parameters.list().map(({ trainable }) => trainable), [true, false]);
 * ```
 *
 * @category Fine-tuning
 */
export const lnTuning: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "ln_tuning",
  description: "the encoder's norms and the head train",
  config: noOptions,
  create: () => trainSelected((name) => /norm|ln/.test(name)),
};

registry.add(lnTuning);
