/**
 * Adam, with weight decay as an L2 penalty.
 * Importing this module adds `Adam` to the `optimizer` slot.
 * @module
 */
import * as v from "valibot";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  ADAM_HYPERPARAMETERS,
  ADAM_STATE,
  adamScalars,
  adamUpdate,
  coupledDecay,
} from "./_adam.ts";

/** Config of the `Adam` optimizer: it has no options besides the section's own. */
export type AdamConfig = Readonly<Record<never, never>>;

const config: OptionsSchema<AdamConfig> = v.strictObject({});

/** Kingma & Ba 2015; `torch.optim.Adam` with betas (0.9, 0.999) and eps 1e-8. */
export const adam: Plugin<"optimizer", AdamConfig> = {
  slot: "optimizer",
  key: "Adam",
  description: "Adam with weight decay as an L2 penalty",
  config,
  create() {
    return {
      counts: true,
      hyperparameters: { ...ADAM_HYPERPARAMETERS, decoupled_weight_decay: false },
      state: () => ADAM_STATE,
      scalars: adamScalars,
      update(parameter, gradient, state, scalars, options) {
        const penalized = coupledDecay(gradient, parameter, options);
        return adamUpdate(parameter, penalized, state, scalars, options);
      },
    };
  },
};

registry.add(adam);
