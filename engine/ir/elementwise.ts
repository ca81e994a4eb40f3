/**
 * Elementwise functions. Operands broadcast as in NumPy; a plain number becomes a constant of the
 * other operand's type. Every function is the ONNX operator of the same name.
 * @module
 */
import { applyOne, scalar } from "./create.ts";
import type { DType, Tensor } from "./node.ts";
import type { OpAttributes } from "./ops.ts";

/** A tensor, or a number that becomes a constant of the other operand's type. */
export type Operand = Tensor | number;

const NONE = {};
type Plain = {
  [K in keyof OpAttributes]: keyof OpAttributes[K] extends never ? K : never;
}[keyof OpAttributes];

function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === "number") {
    if (typeof b === "number") throw new TypeError("Cannot combine two numbers: pass a tensor");
    return [scalar(a, b.dtype), b];
  }
  return [a, typeof b === "number" ? scalar(b, a.dtype) : b];
}

function binary(op: Plain, a: Operand, b: Operand): Tensor {
  return applyOne(op, operands(a, b), NONE);
}

/** `a + b`. */
export function add(a: Operand, b: Operand): Tensor {
  return binary("Add", a, b);
}

/** `a - b`. */
export function sub(a: Operand, b: Operand): Tensor {
  return binary("Sub", a, b);
}

/** `a * b`. */
export function mul(a: Operand, b: Operand): Tensor {
  return binary("Mul", a, b);
}

/** `a / b`. */
export function div(a: Operand, b: Operand): Tensor {
  return binary("Div", a, b);
}

/** `a ** b`; the gradient reaches `a` only, so `b` must be constant. */
export function pow(a: Operand, b: Operand): Tensor {
  return binary("Pow", a, b);
}

/** Larger of both; where equal, each gets half of the gradient, as in PyTorch. */
export function max(a: Operand, b: Operand): Tensor {
  return binary("Max", a, b);
}

/** Smaller of both; where equal, each gets half of the gradient, as in PyTorch. */
export function min(a: Operand, b: Operand): Tensor {
  return binary("Min", a, b);
}

/** `a == b`, as bool. */
export function equal(a: Operand, b: Operand): Tensor {
  return binary("Equal", a, b);
}

/** `a > b`, as bool. */
export function greater(a: Operand, b: Operand): Tensor {
  return binary("Greater", a, b);
}

/** `a < b`, as bool. */
export function less(a: Operand, b: Operand): Tensor {
  return binary("Less", a, b);
}

/** `a >= b`, as bool. */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return binary("GreaterOrEqual", a, b);
}

/** `a and b`, on bools. */
export function and(a: Tensor, b: Tensor): Tensor {
  return binary("And", a, b);
}

/** `a or b`, on bools. */
export function or(a: Tensor, b: Tensor): Tensor {
  return binary("Or", a, b);
}

/** `not x`, on bools. */
export function not(x: Tensor): Tensor {
  return applyOne("Not", [x], NONE);
}

/** `a ^ b`, on integers. */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  return binary("BitwiseXor", a, b);
}

/** `x >> bits` on unsigned integers. */
export function shiftRight(x: Tensor, bits: number): Tensor {
  return applyOne("BitShift", [x, scalar(bits, x.dtype)], { direction: "RIGHT" });
}

/** `-x`. */
export function neg(x: Tensor): Tensor {
  return applyOne("Neg", [x], NONE);
}

/** `|x|`. */
export function abs(x: Tensor): Tensor {
  return applyOne("Abs", [x], NONE);
}

/** -1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return applyOne("Sign", [x], NONE);
}

/** `e ** x`. */
export function exp(x: Tensor): Tensor {
  return applyOne("Exp", [x], NONE);
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return applyOne("Log", [x], NONE);
}

/** Square root. */
export function sqrt(x: Tensor): Tensor {
  return applyOne("Sqrt", [x], NONE);
}

/** `1 / x`. */
export function reciprocal(x: Tensor): Tensor {
  return applyOne("Reciprocal", [x], NONE);
}

/** Gauss error function. */
export function erf(x: Tensor): Tensor {
  return applyOne("Erf", [x], NONE);
}

/** Sine of radians. */
export function sin(x: Tensor): Tensor {
  return applyOne("Sin", [x], NONE);
}

/** Cosine of radians. */
export function cos(x: Tensor): Tensor {
  return applyOne("Cos", [x], NONE);
}

/** `max(x, 0)`; the gradient at 0 is 0, as in PyTorch. */
export function relu(x: Tensor): Tensor {
  return applyOne("Relu", [x], NONE);
}

/** `1 / (1 + e ** -x)`. */
export function sigmoid(x: Tensor): Tensor {
  return applyOne("Sigmoid", [x], NONE);
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return applyOne("Tanh", [x], NONE);
}

/** `log(1 + e ** x)`, without overflow. */
export function softplus(x: Tensor): Tensor {
  return applyOne("Softplus", [x], NONE);
}

/** Gaussian error linear unit (Hendrycks & Gimpel 2016): `x Φ(x)`, exact or with tanh. */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return applyOne("Gelu", [x], { approximate });
}

/** Converts to another element type. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : applyOne("Cast", [x], { to });
}

/** Passes `x` on and lets no gradient back: `x.detach()` in PyTorch. */
export function detach(x: Tensor): Tensor {
  return applyOne("Identity", [x], { detached: true });
}

/** `condition ? a : b`, elementwise. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return applyOne("Where", [condition, ...operands(a, b)], NONE);
}
