/**
 * Stochastic gradient descent with momentum.
 * Importing this module adds `SGD` to the `optimizer` slot.
 * @module
 */
import { add, mul, sub } from "../../engine/ir/elementwise.ts";
import { flag, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { coupledDecay, scaledRate } from "./_decay.ts";

/**
 * Config of the `SGD` optimizer.
 * @category Optimizers
 */
export interface SgdConfig {
  /** Whether the gradient looks one momentum step ahead (Sutskever et al. 2013). @default {false} */
  readonly nesterov: boolean;
}

const config = options<SgdConfig>({
  nesterov: flag(false, "look one momentum step ahead"),
});

const MOMENTUM = 0.9;

/**
 * `torch.optim.SGD` with momentum 0.9.
 *
 * @example With and without a look ahead
 * ```ts
 * import { sgd } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * for (const [nesterov, expected] of [[false, "0.860"], [true, "0.824"]] as const) {
 *   const optimizer = sgd.create({ nesterov }, { lr: 0.1 });
 *   const [weight, gradient] = [constant([1]), constant([0.5])];
 *   const state = { momentum_buffer: constant([1]) }; // becomes 0.9 * 1 + 0.5
 *   const options = { lrScale: 1, weightDecay: 0 };
 *   const scalars = { lr: scalar(0.1) };
 *   const current = { parameter: weight, gradient, state, scalars, options };
 *   const { parameter } = optimizer.update(current);
 *   assertEquals(Number((await evaluate(parameter)).data[0]).toFixed(3), expected);
 * }
 * ```
 *
 * @category Optimizers
 */
export const sgd: Plugin<"optimizer", SgdConfig> = {
  slot: "optimizer",
  key: "SGD",
  description: "stochastic gradient descent with momentum 0.9",
  config,
  create({ nesterov }) {
    return {
      storesStep: false,
      hyperparameters: {
        momentum: MOMENTUM,
        dampening: 0,
        nesterov,
        maximize: false,
        foreach: null,
        differentiable: false,
        fused: null,
      },
      state: () => ({ momentum_buffer: { shape: "parameter" } }),
      scalars: (_, lr) => ({ lr }),
      update({ parameter, gradient, state, scalars, options }) {
        const penalized = coupledDecay(gradient, parameter, options);
        const buffer = add(mul(state.momentum_buffer, MOMENTUM), penalized);
        const direction = nesterov ? add(penalized, mul(buffer, MOMENTUM)) : buffer;
        return {
          parameter: sub(parameter, mul(direction, scaledRate(scalars.lr, options))),
          state: { momentum_buffer: buffer },
        };
      },
    };
  },
};

registry.add(sgd);
