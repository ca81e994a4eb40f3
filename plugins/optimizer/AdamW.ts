/**
 * AdamW: Adam with decoupled weight decay.
 * Importing this module adds `AdamW` to the `optimizer` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { ADAM_HYPERPARAMETERS, ADAM_STATE, adamScalars, adamUpdate } from "./_adam.ts";
import { decoupledDecay, scaledRate } from "./_decay.ts";

/**
 * Loshchilov & Hutter 2019; `torch.optim.AdamW` with betas (0.9, 0.999) and eps 1e-8.
 *
 * @example Without a gradient, a weight shrinks by rate times decay
 * ```ts
 * import { adamW } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = adamW.create({}, { lr: 0.1 });
 * const numbers = Object.entries(optimizer.scalars(1, 0.1)); // the first step, at rate 0.1
 * const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, scalar(value)]));
 * const state = { exp_avg: constant([0]), exp_avg_sq: constant([0]) };
 * const options = { lrScale: 1, weightDecay: 0.5 };
 * const [weight, gradient] = [constant([1]), constant([0])];
 * const { parameter } = optimizer.update({ parameter: weight, gradient, state, scalars, options });
 * const { data } = await evaluate(parameter);
 * assertEquals(Number(data[0]).toFixed(3), "0.950");
 * ```
 *
 * @category Optimizers
 */
export const adamW: Plugin<"optimizer", NoOptions> = {
  slot: "optimizer",
  key: "AdamW",
  description: "Adam with decoupled weight decay",
  config: noOptions,
  create() {
    return {
      storesStep: true,
      hyperparameters: { ...ADAM_HYPERPARAMETERS, decoupled_weight_decay: true },
      state: () => ADAM_STATE,
      scalars: adamScalars,
      update(input) {
        const { parameter, scalars, options } = input;
        const rate = scaledRate(scalars.lr, options);
        return adamUpdate({ ...input, parameter: decoupledDecay(parameter, rate, options) });
      },
    };
  },
};

registry.add(adamW);
