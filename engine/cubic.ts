/**
 * The kernel of bicubic resampling.
 * @module
 */

/** The parameter that Pillow takes, and PyTorch where it antialiases. */
const A = -0.5;

/**
 * Keys' cubic convolution ("Cubic convolution interpolation for digital image processing", 1981).
 * @param x Signed distance from the sample, in samples.
 * @returns The weight of the sample; 0 from a distance of 2 on.
 *
 * @example Near, between and far
 * ```ts
 * import { cubic } from "./cubic.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([cubic(0), cubic(-0.5), cubic(1.5), cubic(2)], [1, 0.5625, -0.0625, 0]);
 * ```
 */
export function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((A + 2) * t - (A + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * A : 0;
}
