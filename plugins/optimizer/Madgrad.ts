/**
 * MADGRAD: momentumized, adaptive, dual averaged gradient.
 * Importing this module adds `Madgrad` to the `optimizer` slot.
 * @module
 */
import { add, div, mul, pow, sub } from "../../engine/ir/elementwise.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { coupledDecay } from "./_decay.ts";

const MOMENTUM = 0.9;
const EPS = 1e-6;

/**
 * Defazio & Jelassi 2021, as timm's `MADGRAD` with momentum 0.9 and eps 1e-6.
 *
 * @example A gradient of ten times the size moves a weight about twice as far
 * ```ts
 * import { madgrad } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = madgrad.create({}, { lr: 0.1 });
 * const zeros = constant([0, 0]);
 * const weights = constant([1, 1]);
 * const state = { grad_sum_sq: zeros, s: zeros, x0: weights };
 * const scalars = { root: scalar(1), lr: scalar(0.1) }; // the first step
 * const options = { lrScale: 1, weightDecay: 0 };
 * const gradient = constant([1, 10]);
 * const current = { parameter: weights, gradient, state, scalars, options };
 * const { parameter } = optimizer.update(current);
 * const { data } = await evaluate(parameter);
 * assertEquals([...data].map((value) => Number(value).toFixed(3)), ["0.978", "0.954"]);
 * ```
 *
 * @category Optimizers
 */
export const madgrad: Plugin<"optimizer", NoOptions> = {
  slot: "optimizer",
  key: "Madgrad",
  description: "momentumized, adaptive, dual averaged gradient, momentum 0.9",
  config: noOptions,
  create() {
    return {
      storesStep: true,
      hyperparameters: { eps: EPS, momentum: MOMENTUM, decoupled_decay: false },
      state: () => ({
        grad_sum_sq: { shape: "parameter" },
        s: { shape: "parameter" },
        x0: { shape: "parameter", initial: "parameter" },
      }),
      scalars: (step, lr) => ({ root: Math.sqrt(step), lr }),
      update({ parameter, gradient, state, scalars, options }) {
        const penalized = coupledDecay(gradient, parameter, options);
        const rate = add(mul(scalars.lr, options.lrScale), EPS);
        const weight = mul(rate, scalars.root); // λ = (lr + ε) √step
        const squares = add(state.grad_sum_sq, mul(mul(penalized, penalized), weight));
        const sum = add(state.s, mul(penalized, weight));
        const z = sub(state.x0, div(sum, add(pow(squares, 1 / 3), EPS)));
        return {
          parameter: add(mul(parameter, MOMENTUM), mul(z, 1 - MOMENTUM)),
          state: { grad_sum_sq: squares, s: sum, x0: state.x0 },
        };
      },
    };
  },
};

registry.add(madgrad);
