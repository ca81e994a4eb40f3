/**
 * Widths that networks of several sizes are rounded to.
 * @module
 */

/** How a width is rounded. */
export interface Rounding {
  /** What divides the width. @default {8} */
  readonly divisor?: number;
  /** Least share of the width that is left. @default {0.9} */
  readonly limit?: number;
}

/**
 * The nearest multiple of a divisor, at least one of it, and not much less than the width
 * (`timm.layers.make_divisible`).
 * @param width Width before rounding.
 * @param rounding Divisor, and how much less it may be.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([3, 12, 17.6, 27].map((width) => makeDivisible(width)), [8, 16, 16, 32]);
 * ```
 */
export function makeDivisible(width: number, rounding: Rounding = {}): number {
  const { divisor = 8, limit = 0.9 } = rounding;
  const rounded = Math.max(
    divisor,
    Math.floor(Math.trunc(width + divisor / 2) / divisor) * divisor,
  );
  return rounded < limit * width ? rounded + divisor : rounded;
}
