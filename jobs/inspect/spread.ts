/**
 * Least, middle and greatest of some numbers.
 * @module
 */
import type { Spread } from "./inspection.ts";

/**
 * Sums up numbers.
 * @param numbers The numbers.
 * @returns What they are like; `undefined` of none.
 *
 * @example Lengths of four bags
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(spreadOf([1, 9, 2, 4]), { min: 1, median: 3, max: 9, total: 16 });
 * ```
 */
export function spreadOf(numbers: ArrayLike<number>): Spread | undefined {
  if (numbers.length === 0) return undefined;
  const sorted = Float64Array.from(numbers).sort();
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  const total = sorted.reduce((sum, number) => sum + number, 0);
  return { min: sorted[0], median, max: sorted[sorted.length - 1], total };
}
