/**
 * Scaled features, and biases.
 * Importing this module adds `difffit` to the `peft` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { scaleOutputs } from "./_block_outputs.ts";

/**
 * DiffFit (Xie et al. 2023): what the layers of the encoder's blocks give is scaled by what trains;
 * the encoder's biases and the head train, too.
 *
 * @example A scale beside a layer, and its bias
 * ```ts
 * import { difffit } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * difffit.create({}, {}).encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", 2, 6);
 * const trained = parameters.list().filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name }) => name), ["blocks.0.attn.qkv.bias", "blocks.0.dff_qkv.scale"]);
 * ```
 *
 * @category Fine-tuning
 */
export const difffit: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "difffit",
  description: "scales of what the encoder's layers give, its biases, and the head",
  config: noOptions,
  create: () => scaleOutputs({ prefix: "dff", shift: false, biases: true }),
};

registry.add(difffit);
