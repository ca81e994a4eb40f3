/**
 * RMSprop as TensorFlow defines it.
 * Importing this module adds `RMSprop` to the `optimizer` slot.
 * @module
 */
import { add, div, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { coupledDecay, scaledRate } from "./_decay.ts";

const ALPHA = 0.9;
const EPS = 1e-10;

/**
 * timm's `RMSpropTF` without momentum: the mean square starts at 1 and epsilon stands under the
 * root.
 *
 * @example The step is the gradient over the root of its mean square
 * ```ts
 * import { rmsprop } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = rmsprop.create({}, { lr: 0.1 });
 * const [weight, gradient] = [constant([1]), constant([2])];
 * const state = { square_avg: constant([1]) };
 * const options = { lrScale: 1, weightDecay: 0 };
 * const scalars = { lr: scalar(0.1) };
 * const { parameter } = optimizer.update({ parameter: weight, gradient, state, scalars, options });
 * const { data } = await evaluate(parameter);
 * const mean = 0.9 * 1 + 0.1 * 2 ** 2;
 * assertEquals(Number(data[0]).toFixed(4), (1 - 0.1 * 2 / Math.sqrt(mean)).toFixed(4));
 * ```
 *
 * @category Optimizers
 */
export const rmsprop: Plugin<"optimizer", NoOptions> = {
  slot: "optimizer",
  key: "RMSprop",
  description: "RMSprop as TensorFlow defines it",
  config: noOptions,
  create() {
    return {
      storesStep: true,
      hyperparameters: {
        momentum: 0,
        alpha: ALPHA,
        eps: EPS,
        centered: false,
        decoupled_decay: false,
        corrected_weight_decay: false,
        lr_in_momentum: true,
        caution: false,
      },
      state: () => ({ square_avg: { shape: "parameter", initial: 1 } }),
      scalars: (_, lr) => ({ lr }),
      update({ parameter, gradient, state, scalars, options }) {
        const penalized = coupledDecay(gradient, parameter, options);
        const square = mul(mul(penalized, penalized), 1 - ALPHA);
        const average = add(mul(state.square_avg, ALPHA), square);
        const direction = div(penalized, sqrt(add(average, EPS)));
        return {
          parameter: sub(parameter, mul(direction, scaledRate(scalars.lr, options))),
          state: { square_avg: average },
        };
      },
    };
  },
};

registry.add(rmsprop);
