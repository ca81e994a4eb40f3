/**
 * Activation functions under timm's names.
 * @module
 */
import {
  add,
  div,
  gelu,
  max,
  min,
  mul,
  relu,
  sigmoid,
  softplus,
  tanh,
} from "../../ir/elementwise.ts";
import type { Tensor } from "../../ir/node.ts";

/**
 * A function of every element.
 * @category Architectures
 */
export type Activation = (x: Tensor) => Tensor;

function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

function relu6(x: Tensor): Tensor {
  return min(relu(x), 6);
}

function hardSigmoid(x: Tensor): Tensor {
  return div(relu6(add(x, 3)), 6);
}

function hardSwish(x: Tensor): Tensor {
  return mul(x, hardSigmoid(x));
}

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: (x) => gelu(x),
  gelu_tanh: (x) => gelu(x, "tanh"),
  hard_sigmoid: hardSigmoid,
  hard_swish: hardSwish,
  hardsigmoid: hardSigmoid,
  hardswish: hardSwish,
  identity: (x) => x,
  leaky_relu: (x) => max(x, mul(x, 0.01)),
  mish: (x) => mul(x, tanh(softplus(x))),
  quick_gelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu,
  relu6,
  sigmoid,
  silu,
  swish: silu,
  tanh,
};

/** Names that {@linkcode activation} knows, in lower case. */
export const ACTIVATION_NAMES: readonly string[] = Object.keys(ACTIVATIONS);

/**
 * An activation function by timm's name (`timm.layers.get_act_layer`), in upper or lower case.
 * @param name For example `gelu`, `quick_gelu` or `SiLU`.
 * @throws {RangeError} if no function has the name.
 *
 * @example Two names of one function
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 *
 * assertStrictEquals(activation("SiLU"), activation("swish"));
 * ```
 */
export function activation(name: string): Activation {
  const key = name.toLowerCase();
  if (Object.hasOwn(ACTIVATIONS, key)) return ACTIVATIONS[key];
  const known = ACTIVATION_NAMES.map((each) => JSON.stringify(each)).join(", ");
  throw new RangeError(
    `expected an activation function out of ${known}, received ${JSON.stringify(name)}`,
  );
}
