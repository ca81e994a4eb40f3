/**
 * Scaled and shifted features.
 * Importing this module adds `ssf` to the `peft` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { scaleOutputs } from "./_block_outputs.ts";

/**
 * SSF (Lian et al. 2022): the encoder is frozen; what the layers of its blocks give is scaled and
 * shifted by what trains, and the head trains.
 *
 * @example Two vectors beside a layer
 * ```ts
 * import { ssf } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * ssf.create({}, {}).encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", 2, 6);
 * const trained = parameters.list().filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name }) => name), ["blocks.0.ssf_qkv.scale", "blocks.0.ssf_qkv.shift"]);
 * ```
 *
 * @category Fine-tuning
 */
export const ssf: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "ssf",
  description: "scales and shifts of what the encoder's layers give, and the head",
  config: noOptions,
  create: () => scaleOutputs({ prefix: "ssf", shift: true, biases: false }),
};

registry.add(ssf);
