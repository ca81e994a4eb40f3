/**
 * Comparisons, logic and bits, elementwise. Operands broadcast as in NumPy; a plain number becomes a
 * constant of the other operand's type. Comparisons give bool tensors; JavaScript sees 0 and 1.
 * @module
 */
import { applyOne, scalar } from "./create.ts";
import { binary, type Operand, operands } from "./_elementwise.ts";
import type { Tensor } from "./node.ts";

/**
 * `a == b`, as bool.
 *
 * @example Which samples are of class 2
 * ```ts
 * import { constant, equal, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(equal(constant([2, 0, 2]), 2));
 * assertEquals([...data], [1, 0, 1]);
 * ```
 *
 * @category Comparisons
 */
export function equal(a: Operand, b: Operand): Tensor {
  return binary("Equal", a, b);
}

/**
 * `a > b`, as bool.
 *
 * @example Above a threshold
 * ```ts
 * import { constant, evaluate, greater } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(greater(constant([0.2, 0.7]), 0.5));
 * assertEquals([...data], [0, 1]);
 * ```
 *
 * @category Comparisons
 */
export function greater(a: Operand, b: Operand): Tensor {
  return binary("Greater", a, b);
}

/**
 * `a < b`, as bool.
 *
 * @example Below a threshold
 * ```ts
 * import { constant, evaluate, less } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(less(constant([0.2, 0.7]), 0.5));
 * assertEquals([...data], [1, 0]);
 * ```
 *
 * @category Comparisons
 */
export function less(a: Operand, b: Operand): Tensor {
  return binary("Less", a, b);
}

/**
 * `a >= b`, as bool.
 *
 * @example At least a threshold
 * ```ts
 * import { constant, evaluate, greaterOrEqual } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(greaterOrEqual(constant([0.5, 0.2]), 0.5));
 * assertEquals([...data], [1, 0]);
 * ```
 *
 * @category Comparisons
 */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return binary("GreaterOrEqual", a, b);
}

/**
 * `a and b`, on bools.
 *
 * @example Between two numbers
 * ```ts
 * import { and, constant, evaluate, greater, less } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([-1, 0.5, 2]);
 * const { data } = await evaluate(and(greater(x, 0), less(x, 1)));
 * assertEquals([...data], [0, 1, 0]);
 * ```
 *
 * @category Comparisons
 */
export function and(a: Tensor, b: Tensor): Tensor {
  return binary("And", a, b);
}

/**
 * `a or b`, on bools.
 *
 * @example Beyond two numbers
 * ```ts
 * import { constant, evaluate, greater, less, or } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([-1, 0.5, 2]);
 * const { data } = await evaluate(or(less(x, 0), greater(x, 1)));
 * assertEquals([...data], [1, 0, 1]);
 * ```
 *
 * @category Comparisons
 */
export function or(a: Tensor, b: Tensor): Tensor {
  return binary("Or", a, b);
}

/**
 * `not x`, on bools.
 *
 * @example The others
 * ```ts
 * import { constant, equal, evaluate, not } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(not(equal(constant([2, 0]), 2)));
 * assertEquals([...data], [0, 1]);
 * ```
 *
 * @category Comparisons
 */
export function not(x: Tensor): Tensor {
  return applyOne("Not", [x], {});
}

/**
 * `a ^ b`, on integers.
 *
 * @example Bits that differ
 * ```ts
 * import { bitwiseXor, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(bitwiseXor(constant([0b1100], [1], "uint32"), 0b1010));
 * assertEquals([...data], [0b0110]);
 * ```
 *
 * @category Comparisons
 */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  return binary("BitwiseXor", a, b);
}

/**
 * `x >> bits` on unsigned integers.
 *
 * @example Halves, rounded down
 * ```ts
 * import { constant, evaluate, shiftRight } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(shiftRight(constant([9, 4], [2], "uint32"), 1));
 * assertEquals([...data], [4, 2]);
 * ```
 *
 * @category Comparisons
 */
export function shiftRight(x: Tensor, bits: number): Tensor {
  return applyOne("BitShift", [x, scalar(bits, x.dtype)], { direction: "RIGHT" });
}

/**
 * `condition ? a : b`, elementwise.
 *
 * @example Scores of padding become 0
 * ```ts
 * import { constant, evaluate, where } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(where(constant([1, 0], [2], "bool"), constant([3, 4]), 0));
 * assertEquals([...data], [3, 0]);
 * ```
 *
 * @category Comparisons
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return applyOne("Where", [condition, ...operands(a, b)], {});
}
