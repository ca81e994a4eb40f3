/**
 * Activation functions, elementwise. Every function is the ONNX operator of the same name.
 * @module
 */
import { applyOne } from "./create.ts";
import type { Tensor } from "./node.ts";

/**
 * `max(x, 0)`; the gradient at 0 is 0, as in PyTorch.
 *
 * @example Negative values become 0
 * ```ts
 * import { constant, evaluate, relu } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(relu(constant([-1, 0, 2])));
 * assertEquals([...data], [0, 0, 2]);
 * ```
 *
 * @category Activations
 */
export function relu(x: Tensor): Tensor {
  return applyOne("Relu", [x], {});
}

/**
 * `1 / (1 + e ** -x)`.
 *
 * @example A probability from a logit
 * ```ts
 * import { constant, evaluate, sigmoid } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(sigmoid(constant([0, 100])));
 * assertEquals([...data], [0.5, 1]);
 * ```
 *
 * @category Activations
 */
export function sigmoid(x: Tensor): Tensor {
  return applyOne("Sigmoid", [x], {});
}

/**
 * Hyperbolic tangent.
 *
 * @example The values at the ends
 * ```ts
 * import { constant, evaluate, tanh } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(tanh(constant([-50, 0, 50])));
 * assertEquals([...data], [-1, 0, 1]);
 * ```
 *
 * @category Activations
 */
export function tanh(x: Tensor): Tensor {
  return applyOne("Tanh", [x], {});
}

/**
 * `log(1 + e ** x)`, without overflow.
 *
 * @example Large numbers stay as they are
 * ```ts
 * import { constant, evaluate, softplus } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(softplus(constant([-200, 200])));
 * assertEquals([...data], [0, 200]);
 * ```
 *
 * @category Activations
 */
export function softplus(x: Tensor): Tensor {
  return applyOne("Softplus", [x], {});
}

/**
 * Gaussian error linear unit (Hendrycks & Gimpel 2016): `x Φ(x)`, exact or with tanh.
 *
 * @example Far from 0 it is a ReLU
 * ```ts
 * import { constant, evaluate, gelu } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(gelu(constant([-9, 0, 9])));
 * assertEquals([...data], [-0, 0, 9]);
 * ```
 *
 * @category Activations
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return applyOne("Gelu", [x], { approximate });
}
