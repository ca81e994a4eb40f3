/**
 * Only biases train.
 * Importing this module adds `bitfit` to the `peft` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { trainSelected } from "./_selection.ts";

/**
 * BitFit (Ben Zaken et al. 2022): the encoder's biases train, and the head.
 *
 * @example Parameters with "bias" in their names train
 * ```ts
 * import { bitfit } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * bitfit.create({}, {}).encoder(parameters.scope()).linear("fc", 4, 2);
 * assertEquals(parameters.list().map(({ name, trainable }) => [name, trainable]), [
 *   ["fc.weight", false],
 *   ["fc.bias", true],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const bitfit: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "bitfit",
  description: "the encoder's biases and the head train",
  config: noOptions,
  create: () => trainSelected((name) => name.includes("bias")),
};

registry.add(bitfit);
