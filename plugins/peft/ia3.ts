/**
 * Rescaled activations.
 * Importing this module adds `ia3` to the `peft` slot.
 * @module
 */
import { mul } from "../../engine/ir/elementwise.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { ones } from "../../engine/nn/initializers.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, isTarget } from "./_adapters.ts";

/** The first layer of the network, of which what comes in is scaled. */
const NETWORK = ["mlp.fc1", "mlp.fc1_g", "mlp.fc1_x"];
const TARGETS = ["attn.k_proj", "attn.v_proj", ...NETWORK];

/**
 * IA³ (Liu et al. 2022): the encoder is frozen; what attention's first layer gives and what the
 * network's first layer gets is scaled by what trains, and the head trains. Names are those of
 * `peft`. Where one layer makes queries, keys and values, all three are scaled, as `peft` does.
 *
 * @example One scale for each output of attention's first layer
 * ```ts
 * import { ia3 } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * ia3.create({}, {}).encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", 2, 6);
 * const trained = parameters.list().filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name, shape }) => [name, shape]), [
 *   ["blocks.0.attn.qkv.ia3_l.default", [6, 1]],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const ia3: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "ia3",
  description: "scales of attention's keys and values and of the network's inputs, and the head",
  config: noOptions,
  create: () =>
    adaptLinears({
      targets: TARGETS,
      adapt({ name, inputs, outputs, base, scope }) {
        const place = scope.child("ia3_l");
        if (isTarget(name, NETWORK)) {
          const scale = reshape(place.parameter("default", [1, inputs], ones), [inputs]);
          return (x, context) => base(mul(x, scale), context);
        }
        const scale = reshape(place.parameter("default", [outputs, 1], ones), [outputs]);
        return (x, context) => mul(base(x, context), scale);
      },
    }),
};

registry.add(ia3);
