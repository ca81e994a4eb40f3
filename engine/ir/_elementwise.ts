/**
 * What elementwise functions do with their operands.
 * @module
 */
import { applyOne, scalar } from "./create.ts";
import type { Tensor } from "./node.ts";
import type { OpAttributes } from "./ops.ts";

/**
 * A tensor, or a number that becomes a constant of the other operand's type.
 * @category Elementwise operators
 */
export type Operand = Tensor | number;

/** Operators without attributes. */
type Plain = {
  [K in keyof OpAttributes]: keyof OpAttributes[K] extends never ? K : never;
}[keyof OpAttributes];

/** Both operands as tensors of one type. */
export function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === "number") {
    if (typeof b === "number") throw new TypeError("Cannot combine two numbers: pass a tensor");
    return [scalar(a, b.dtype), b];
  }
  return [a, typeof b === "number" ? scalar(b, a.dtype) : b];
}

/** Applies an operator of two operands, of which one may be a number. */
export function binary(op: Plain, a: Operand, b: Operand): Tensor {
  return applyOne(op, operands(a, b), {});
}
