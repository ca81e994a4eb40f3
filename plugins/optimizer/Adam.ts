/**
 * Adam, with weight decay as an L2 penalty.
 * Importing this module adds `Adam` to the `optimizer` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { ADAM_HYPERPARAMETERS, ADAM_STATE, adamScalars, adamUpdate } from "./_adam.ts";
import { coupledDecay } from "./_decay.ts";

/**
 * Kingma & Ba 2015; `torch.optim.Adam` with betas (0.9, 0.999) and eps 1e-8.
 *
 * @example A first step is as long as the learning rate, whatever the gradient
 * ```ts
 * import { adam } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = adam.create({}, { lr: 0.1 });
 * const numbers = Object.entries(optimizer.scalars(1, 0.1)); // the first step, at rate 0.1
 * const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, scalar(value)]));
 * const state = { exp_avg: constant([0, 0]), exp_avg_sq: constant([0, 0]) };
 * const [weights, gradient] = [constant([1, 1]), constant([5, -0.01])];
 * const options = { lrScale: 1, weightDecay: 0 };
 * const current = { parameter: weights, gradient, state, scalars, options };
 * const { parameter } = optimizer.update(current);
 * const { data } = await evaluate(parameter);
 * assertEquals([...data].map((value) => Number(value).toFixed(3)), ["0.900", "1.100"]);
 * ```
 *
 * @category Optimizers
 */
export const adam: Plugin<"optimizer", NoOptions> = {
  slot: "optimizer",
  key: "Adam",
  description: "Adam with weight decay as an L2 penalty",
  config: noOptions,
  create() {
    return {
      storesStep: true,
      hyperparameters: { ...ADAM_HYPERPARAMETERS, decoupled_weight_decay: false },
      state: () => ADAM_STATE,
      scalars: adamScalars,
      update(input) {
        const { parameter, gradient, options } = input;
        return adamUpdate({ ...input, gradient: coupledDecay(gradient, parameter, options) });
      },
    };
  },
};

registry.add(adam);
