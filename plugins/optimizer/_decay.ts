/**
 * Learning rate and weight decay of one parameter, as the built-in optimizers apply them.
 * @module
 */
import { add, mul, sub } from "../../engine/ir/elementwise.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { ParameterOptions } from "../../engine/train/interfaces.ts";

/**
 * Multiplies a learning rate by the parameter's own factor, without an operator where it is 1.
 * @param rate Learning rate of the step.
 * @param options Options of the parameter.
 * @returns `rate · lrScale`.
 *
 * @example Half the learning rate
 * ```ts
 * import { evaluate, scalar } from "@glovita/glovita/engine";
 * import { scaledRate } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = scaledRate(scalar(0.5), { lrScale: 0.5, weightDecay: 0 });
 * assertEquals([...(await evaluate(rate)).data], [0.25]);
 * ```
 *
 * @category Optimizers
 */
export function scaledRate(rate: Tensor, { lrScale }: ParameterOptions): Tensor {
  return lrScale === 1 ? rate : mul(rate, lrScale);
}

/**
 * Decays a parameter by itself, past the moments of its gradient (Loshchilov & Hutter 2019).
 * @param parameter Value to decay.
 * @param lr Learning rate of the parameter.
 * @param options Options of the parameter.
 * @returns `parameter · (1 − lr · weightDecay)`.
 *
 * @example Rate times decay is what a weight loses
 * ```ts
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { decoupledDecay } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { lrScale: 1, weightDecay: 0.5 };
 * const decayed = decoupledDecay(constant([4]), scalar(0.5), options);
 * assertEquals([...(await evaluate(decayed)).data], [3]);
 * ```
 *
 * @category Optimizers
 */
export function decoupledDecay(
  parameter: Tensor,
  lr: Tensor,
  { weightDecay }: ParameterOptions,
): Tensor {
  return weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(lr, weightDecay)));
}

/**
 * Adds the gradient of an L2 penalty on the parameter.
 * @param gradient Gradient of the loss.
 * @param parameter Value of the parameter.
 * @param options Options of the parameter.
 * @returns `gradient + weightDecay · parameter`.
 *
 * @example The penalty pulls towards 0
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { coupledDecay } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { lrScale: 1, weightDecay: 0.5 };
 * const gradient = coupledDecay(constant([1]), constant([4]), options);
 * assertEquals([...(await evaluate(gradient)).data], [3]);
 * ```
 *
 * @category Optimizers
 */
export function coupledDecay(
  gradient: Tensor,
  parameter: Tensor,
  { weightDecay }: ParameterOptions,
): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
}
