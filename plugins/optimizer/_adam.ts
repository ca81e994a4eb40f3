/**
 * The update that Adam, AdamW and Muon's fallback share.
 */
import { add, div, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type {
  ParameterOptions,
  ParameterUpdate,
  StateSpec,
} from "../../engine/train/interfaces.ts";

/** Decay rates of the two moments, and the term that keeps the denominator from 0. */
export const ADAM_BETAS: readonly [number, number] = [0.9, 0.999];
/** Added to the root of the second moment. */
export const ADAM_EPS = 1e-8;

/** State of one parameter, by torch's keys. */
export const ADAM_STATE: Readonly<Record<string, StateSpec>> = {
  exp_avg: { shape: "parameter" },
  exp_avg_sq: { shape: "parameter" },
};

/** Hyperparameters of torch's `param_groups`, as `torch.optim.Adam(W)` writes them. */
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
 * Numbers of a step. With b₁, b₂ the bias corrections 1 − βᵗ, the update
 * `lr / b₁ · m / (√v / √b₂ + ε)` is rearranged to `adam_lr · m / (√v + adam_eps)`, which needs one
 * pass over the parameter less.
 */
export function adamScalars(step: number, lr: number): Record<string, number> {
  const [beta1, beta2] = ADAM_BETAS;
  const root = Math.sqrt(1 - beta2 ** step);
  return { lr, adam_lr: (lr * root) / (1 - beta1 ** step), adam_eps: ADAM_EPS * root };
}

/** `lr · lr_scale`, without an operator where the scale is 1. */
export function scaledRate(rate: Tensor, { lrScale }: ParameterOptions): Tensor {
  return lrScale === 1 ? rate : mul(rate, lrScale);
}

/** `parameter · (1 − lr · weight_decay)`: decay that does not pass through the moments. */
export function decoupledDecay(
  parameter: Tensor,
  lr: Tensor,
  { weightDecay }: ParameterOptions,
): Tensor {
  return weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(lr, weightDecay)));
}

/** `gradient + weight_decay · parameter`: decay as an L2 penalty. */
export function coupledDecay(
  gradient: Tensor,
  parameter: Tensor,
  { weightDecay }: ParameterOptions,
): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
}

/**
 * One Adam step (Kingma & Ba 2015) from an already decayed parameter.
 * @param parameter Value to move.
 * @param gradient Gradient.
 * @param state `exp_avg`, `exp_avg_sq`.
 * @param scalars What {@linkcode adamScalars} announced.
 * @param options Per-parameter options.
 */
export function adamUpdate(
  parameter: Tensor,
  gradient: Tensor,
  state: Readonly<Record<string, Tensor>>,
  scalars: Readonly<Record<string, Tensor>>,
  options: ParameterOptions,
): ParameterUpdate {
  const [beta1, beta2] = ADAM_BETAS;
  const first = add(mul(state.exp_avg, beta1), mul(gradient, 1 - beta1));
  const square = mul(gradient, gradient);
  const second = add(mul(state.exp_avg_sq, beta2), mul(square, 1 - beta2));
  const direction = div(first, add(sqrt(second), scalars.adam_eps));
  const step = mul(direction, scaledRate(scalars.adam_lr, options));
  return { parameter: sub(parameter, step), state: { exp_avg: first, exp_avg_sq: second } };
}
