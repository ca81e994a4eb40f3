/**
 * An optimizer that reads its state twice, as a third party writes it.
 * @module
 */
import * as v from "valibot";
import { add, mul, sign, sub } from "../engine/ir/elementwise.ts";
import type { Plugin } from "../registry/plugin.ts";

const [BETA1, BETA2] = [0.9, 0.99];

/** Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", as the paper writes it. */
export const lion: Plugin<"optimizer"> = {
  slot: "optimizer",
  key: "Lion",
  description: "the sign of an interpolated momentum",
  config: v.strictObject({}),
  create: () => ({
    storesStep: false,
    hyperparameters: { betas: [BETA1, BETA2] },
    state: () => ({ exp_avg: { shape: "parameter" } }),
    scalars: (_, lr) => ({ lr }),
    update({ parameter, gradient, state: { exp_avg }, scalars, options }) {
      const c = add(mul(exp_avg, BETA1), mul(gradient, 1 - BETA1));
      const direction = add(sign(c), mul(parameter, options.weightDecay));
      const rate = mul(scalars.lr, options.lrScale);
      return {
        parameter: sub(parameter, mul(direction, rate)),
        state: { exp_avg: add(mul(exp_avg, BETA2), mul(gradient, 1 - BETA2)) },
      };
    },
  }),
};
