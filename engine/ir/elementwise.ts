/**
 * Elementwise functions. Operands broadcast as in NumPy; a plain number becomes a constant of the
 * other operand's type. Every function is the ONNX operator of the same name.
 * @module
 */
import { applyOne } from "./create.ts";
import { binary, type Operand } from "./_elementwise.ts";
import type { Tensor } from "./node.ts";
import type { DType } from "./types.ts";

export type { Operand } from "./_elementwise.ts";
export * from "./activations.ts";

/**
 * `a + b`.
 *
 * @example A bias on every row
 * ```ts
 * import { add, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(add(constant([1, 2, 3, 4], [2, 2]), constant([10, 20])));
 * assertEquals([...data], [11, 22, 13, 24]);
 * ```
 *
 * @category Elementwise operators
 */
export function add(a: Operand, b: Operand): Tensor {
  return binary("Add", a, b);
}

/**
 * `a - b`.
 *
 * @example Subtracting a number
 * ```ts
 * import { constant, evaluate, sub } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(sub(constant([3, 5]), 1));
 * assertEquals([...data], [2, 4]);
 * ```
 *
 * @category Elementwise operators
 */
export function sub(a: Operand, b: Operand): Tensor {
  return binary("Sub", a, b);
}

/**
 * `a * b`.
 *
 * @example Scaling
 * ```ts
 * import { constant, evaluate, mul } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(mul(constant([3, -5]), 0.5));
 * assertEquals([...data], [1.5, -2.5]);
 * ```
 *
 * @category Elementwise operators
 */
export function mul(a: Operand, b: Operand): Tensor {
  return binary("Mul", a, b);
}

/**
 * `a / b`.
 *
 * @example Dividing a number
 * ```ts
 * import { constant, div, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(div(1, constant([2, 4])));
 * assertEquals([...data], [0.5, 0.25]);
 * ```
 *
 * @category Elementwise operators
 */
export function div(a: Operand, b: Operand): Tensor {
  return binary("Div", a, b);
}

/**
 * `a ** b`; the gradient reaches `a` only, so `b` must be constant.
 *
 * @example Cubes
 * ```ts
 * import { constant, evaluate, pow } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(pow(constant([2, -3]), 3));
 * assertEquals([...data], [8, -27]);
 * ```
 *
 * @category Elementwise operators
 */
export function pow(a: Operand, b: Operand): Tensor {
  return binary("Pow", a, b);
}

/**
 * Larger of both; where equal, each gets half of the gradient, as in PyTorch.
 *
 * @example No less than zero
 * ```ts
 * import { constant, evaluate, max } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(max(constant([-1, 2]), 0));
 * assertEquals([...data], [0, 2]);
 * ```
 *
 * @category Elementwise operators
 */
export function max(a: Operand, b: Operand): Tensor {
  return binary("Max", a, b);
}

/**
 * Smaller of both; where equal, each gets half of the gradient, as in PyTorch.
 *
 * @example No more than one
 * ```ts
 * import { constant, evaluate, min } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(min(constant([0.5, 2]), 1));
 * assertEquals([...data], [0.5, 1]);
 * ```
 *
 * @category Elementwise operators
 */
export function min(a: Operand, b: Operand): Tensor {
  return binary("Min", a, b);
}

/**
 * `-x`.
 *
 * @example The other sign
 * ```ts
 * import { constant, evaluate, neg } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(neg(constant([1, -2])));
 * assertEquals([...data], [-1, 2]);
 * ```
 *
 * @category Elementwise operators
 */
export function neg(x: Tensor): Tensor {
  return applyOne("Neg", [x], {});
}

/**
 * `|x|`.
 *
 * @example Without the sign
 * ```ts
 * import { abs, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(abs(constant([1, -2])));
 * assertEquals([...data], [1, 2]);
 * ```
 *
 * @category Elementwise operators
 */
export function abs(x: Tensor): Tensor {
  return applyOne("Abs", [x], {});
}

/**
 * -1, 0 or 1.
 *
 * @example Reading the sign
 * ```ts
 * import { constant, evaluate, sign } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(sign(constant([5, 0, -2])));
 * assertEquals([...data], [1, 0, -1]);
 * ```
 *
 * @category Elementwise operators
 */
export function sign(x: Tensor): Tensor {
  return applyOne("Sign", [x], {});
}

/**
 * `e ** x`.
 *
 * @example From a logarithm
 * ```ts
 * import { constant, evaluate, exp } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(exp(constant([0, Math.log(3)])));
 * assertEquals([...data], [1, 3]);
 * ```
 *
 * @category Elementwise operators
 */
export function exp(x: Tensor): Tensor {
  return applyOne("Exp", [x], {});
}

/**
 * Natural logarithm.
 *
 * @example To a logarithm
 * ```ts
 * import { constant, evaluate, log } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(log(constant([1, Math.E ** 2])));
 * assertEquals([...data], [0, 2]);
 * ```
 *
 * @category Elementwise operators
 */
export function log(x: Tensor): Tensor {
  return applyOne("Log", [x], {});
}

/**
 * Square root.
 *
 * @example Sides of squares
 * ```ts
 * import { constant, evaluate, sqrt } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(sqrt(constant([4, 2.25])));
 * assertEquals([...data], [2, 1.5]);
 * ```
 *
 * @category Elementwise operators
 */
export function sqrt(x: Tensor): Tensor {
  return applyOne("Sqrt", [x], {});
}

/**
 * `1 / x`.
 *
 * @example Inverses
 * ```ts
 * import { constant, evaluate, reciprocal } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(reciprocal(constant([4, -2])));
 * assertEquals([...data], [0.25, -0.5]);
 * ```
 *
 * @category Elementwise operators
 */
export function reciprocal(x: Tensor): Tensor {
  return applyOne("Reciprocal", [x], {});
}

/**
 * Gauss error function.
 *
 * @example The values at the ends
 * ```ts
 * import { constant, erf, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(erf(constant([-9, 0, 9])));
 * assertEquals([...data], [-1, 0, 1]);
 * ```
 *
 * @category Elementwise operators
 */
export function erf(x: Tensor): Tensor {
  return applyOne("Erf", [x], {});
}

/**
 * Sine of radians.
 *
 * @example The value at zero
 * ```ts
 * import { constant, evaluate, sin } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(sin(constant([0, -0.0])));
 * assertEquals([...data], [0, -0]);
 * ```
 *
 * @category Elementwise operators
 */
export function sin(x: Tensor): Tensor {
  return applyOne("Sin", [x], {});
}

/**
 * Cosine of radians.
 *
 * @example The value at zero
 * ```ts
 * import { constant, cos, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(cos(constant([0])));
 * assertEquals([...data], [1]);
 * ```
 *
 * @category Elementwise operators
 */
export function cos(x: Tensor): Tensor {
  return applyOne("Cos", [x], {});
}

/**
 * Converts to another element type.
 *
 * @example Fractions are cut off
 * ```ts
 * import { cast, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(cast(constant([2.75, -1.5]), "int32"));
 * assertEquals([...data], [2, -1]);
 * ```
 *
 * @category Elementwise operators
 */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : applyOne("Cast", [x], { to });
}

/**
 * Passes `x` on and lets no gradient back: `x.detach()` in PyTorch.
 *
 * @example A constant factor, as far as gradients see
 * ```ts
 * import { detach, evaluate, gradients, input, mul } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", []);
 * const [gradient] = gradients(mul(x, detach(x)), [x]);
 * const three = { dtype: "float32", shape: [], data: Float32Array.of(3) } as const;
 * assertEquals([...(await evaluate(gradient!, { x: three })).data], [3]);
 * ```
 *
 * @category Elementwise operators
 */
export function detach(x: Tensor): Tensor {
  return applyOne("Identity", [x], { detached: true });
}
