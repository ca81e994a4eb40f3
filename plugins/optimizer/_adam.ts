/**
 * The update that Adam, AdamW and Muon's fallback share.
 * @module
 */
import { add, div, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import type { ParameterUpdate, StateSpec, UpdateInput } from "../../engine/train/interfaces.ts";
import { scaledRate } from "./_decay.ts";

/** Decay rates of the two moments. */
const ADAM_BETAS: readonly [number, number] = [0.9, 0.999];
/** Added to the root of the second moment, which keeps the denominator from 0. */
const ADAM_EPS = 1e-8;

/**
 * State of one parameter, by torch's keys.
 *
 * @example Two moments, shaped like the parameter
 * ```ts
 * import { ADAM_STATE } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(ADAM_STATE), ["exp_avg", "exp_avg_sq"]);
 * ```
 *
 * @category Optimizers
 */
export const ADAM_STATE: Readonly<Record<string, StateSpec>> = {
  exp_avg: { shape: "parameter" },
  exp_avg_sq: { shape: "parameter" },
};

/**
 * Hyperparameters of torch's `param_groups`, as `torch.optim.Adam(W)` writes them.
 *
 * @example The decay rates of the moments
 * ```ts
 * import { ADAM_HYPERPARAMETERS } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ADAM_HYPERPARAMETERS.betas, [0.9, 0.999]);
 * ```
 *
 * @category Optimizers
 */
export const ADAM_HYPERPARAMETERS: Readonly<Record<string, unknown>> = {
  betas: ADAM_BETAS,
  eps: ADAM_EPS,
  amsgrad: false,
  maximize: false,
  foreach: null,
  capturable: false,
  differentiable: false,
  fused: null,
};

/**
 * Computes the numbers of a step. With b₁, b₂ the bias corrections 1 − βᵗ, the update
 * `lr / b₁ · m / (√v / √b₂ + ε)` is rearranged to `adam_lr · m / (√v + adam_eps)`, which needs one
 * pass over the parameter less.
 * @param step Number of the step, from 1.
 * @param lr Learning rate of the step.
 * @returns `lr`, `adam_lr` and `adam_eps`.
 *
 * @example The first step is corrected most
 * ```ts
 * import { adamScalars } from "@glovita/glovita/parts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(adamScalars(1, 0.1).adam_lr, 0.1 * Math.sqrt(0.001) / 0.1);
 * assertAlmostEquals(adamScalars(1_000_000, 0.1).adam_lr, 0.1);
 * ```
 *
 * @category Optimizers
 */
export function adamScalars(step: number, lr: number): Record<string, number> {
  const [beta1, beta2] = ADAM_BETAS;
  const root = Math.sqrt(1 - beta2 ** step);
  return { lr, adam_lr: (lr * root) / (1 - beta1 ** step), adam_eps: ADAM_EPS * root };
}

/**
 * Builds one Adam step (Kingma & Ba 2015) from a parameter or a gradient that has decayed already.
 * @param input The parameter, its gradient, {@linkcode ADAM_STATE}, {@linkcode adamScalars} and the
 *   options of the parameter.
 * @returns The new parameter and its new state.
 *
 * @example A first step is as long as the learning rate
 * ```ts
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { adamScalars, adamUpdate } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const numbers = Object.entries(adamScalars(1, 0.1));
 * const { parameter } = adamUpdate({
 *   parameter: constant([1]),
 *   gradient: constant([5]),
 *   state: { exp_avg: constant([0]), exp_avg_sq: constant([0]) },
 *   scalars: Object.fromEntries(numbers.map(([name, value]) => [name, scalar(value)])),
 *   options: { lrScale: 1, weightDecay: 0 },
 * });
 * const { data } = await evaluate(parameter);
 * assertEquals(Number(data[0]).toFixed(3), "0.900");
 * ```
 *
 * @category Optimizers
 */
export function adamUpdate(
  { parameter, gradient, state, scalars, options }: UpdateInput,
): ParameterUpdate {
  const [beta1, beta2] = ADAM_BETAS;
  const first = add(mul(state.exp_avg, beta1), mul(gradient, 1 - beta1));
  const square = mul(gradient, gradient);
  const second = add(mul(state.exp_avg_sq, beta2), mul(square, 1 - beta2));
  const direction = div(first, add(sqrt(second), scalars.adam_eps));
  const step = mul(direction, scaledRate(scalars.adam_lr, options));
  return { parameter: sub(parameter, step), state: { exp_avg: first, exp_avg_sq: second } };
}
