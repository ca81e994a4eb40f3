/**
 * Numbers as people read them: with as many digits as their interval allows.
 * @module
 */

/** A number, with its interval where there is one. */
export interface Measured {
  /** The number; `null` where it is not defined. */
  readonly value: number | null;
  /** Lower end. */
  readonly low?: number | null;
  /** Upper end. */
  readonly high?: number | null;
}

/** Most digits after the point. */
const MOST_DIGITS = 4;
/** What stands for a number that is not defined. */
export const UNDEFINED = "–";

/**
 * Says how many digits behind the point an interval allows: two that it leaves open.
 * @param width Width of the interval.
 *
 * @example An interval of 0.045
 * ```ts
 * import { digitsFor } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([digitsFor(0.045), digitsFor(30), digitsFor(0.00012)], [3, 0, 4]);
 * ```
 */
export function digitsFor(width: number): number {
  if (!(width > 0)) return 3;
  return Math.min(MOST_DIGITS, Math.max(0, 1 - Math.floor(Math.log10(width))));
}

/**
 * Writes a number with its interval.
 * @param measured The number.
 * @returns For example `0.953 [0.929, 0.974]`; the number alone where it has no interval.
 *
 * @example A metric
 * ```ts
 * import { withInterval } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const accuracy = { value: 0.95278, low: 0.92917, high: 0.97361 };
 * assertEquals(withInterval(accuracy), "0.953 [0.929, 0.974]");
 * assertEquals(withInterval({ value: null }), "–");
 * ```
 */
export function withInterval(measured: Measured): string {
  const interval = intervalOf(measured);
  return interval === "" ? valueOf(measured) : `${valueOf(measured)} ${interval}`;
}

/**
 * Writes a number with the digits that its interval allows.
 * @param measured The number.
 *
 * @example An error in years
 * ```ts
 * import { valueOf } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(valueOf({ value: 123.4, low: 110.2, high: 141.9 }), "123");
 * ```
 */
export function valueOf(measured: Measured): string {
  const { value, low, high } = measured;
  if (value === null || !Number.isFinite(value)) return UNDEFINED;
  return typeof low === "number" && typeof high === "number"
    ? fixed(value, digitsFor(high - low))
    : plain(value);
}

/**
 * Writes an interval.
 * @param measured The number that it is of.
 * @returns For example `[0.929, 0.974]`; nothing where there is none.
 *
 * @example A metric
 * ```ts
 * import { intervalOf } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(intervalOf({ value: 0.5, low: 0.25, high: 0.75 }), "[0.25, 0.75]");
 * assertEquals(intervalOf({ value: 0.5 }), "");
 * ```
 */
export function intervalOf({ value, low, high }: Measured): string {
  if (value === null || typeof low !== "number" || typeof high !== "number") return "";
  const digits = digitsFor(high - low);
  return `[${fixed(low, digits)}, ${fixed(high, digits)}]`;
}

/**
 * Writes mean and standard deviation.
 * @param mean The mean.
 * @param sd The standard deviation; `null` where there is none.
 *
 * @example Of three folds
 * ```ts
 * import { meanAndSd } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meanAndSd(0.89715, 0.01111), "0.897 ± 0.011");
 * ```
 */
export function meanAndSd(mean: number | null, sd: number | null): string {
  if (mean === null) return UNDEFINED;
  if (sd === null) return plain(mean);
  const digits = digitsFor(sd);
  return `${fixed(mean, digits)} ± ${fixed(sd, digits)}`;
}

/**
 * Writes a number that has no interval: four significant digits; small and large ones with a power of
 * ten.
 * @param value The number.
 *
 * @example A loss, a learning rate, a count
 * ```ts
 * import { plain } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0.20731, 2.74e-5, 30].map(plain), ["0.2073", "2.74e\u22125", "30"]);
 * ```
 */
export function plain(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNDEFINED;
  if (Number.isInteger(value)) return count(value);
  const size = Math.abs(value);
  const short = Number(value.toPrecision(3));
  if (size < 1e-4 || size >= 1e6) return minus(short.toExponential().replace("e+", "e"));
  if (size < 1e-3) return minus(String(short));
  return fixed(value, Math.max(0, 3 - Math.max(-1, Math.floor(Math.log10(size)))));
}

/**
 * Writes a whole number, its thousands apart.
 * @param value The number.
 *
 * @example
 * ```ts
 * import { count } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(count(65000), "65,000");
 * ```
 */
export function count(value: number): string {
  return minus(value.toLocaleString("en-US"));
}

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

/** A minus sign as wide as a plus. */
function minus(text: string): string {
  return text.replace(/^-/, "\u2212").replace(/e-/, "e\u2212");
}

/**
 * Pads numbers of a column on their right, so that their decimal points stand below each other.
 * @param texts The numbers, as text; what has no digits stays as it is.
 * @returns The same texts, with blanks as wide as digits and points.
 *
 * @example Two numbers
 * ```ts
 * import { alignDecimals } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(alignDecimals(["0.953", "0.1"]), ["0.953", "0.1\u2007\u2007"]);
 * ```
 */
export function alignDecimals(texts: readonly string[]): string[] {
  const decimals = texts.map((text) => /\.(\d+)/.exec(text)?.[1].length ?? 0);
  const most = Math.max(0, ...decimals);
  return texts.map((text, at) => {
    if (decimals[at] === most || !/\d/.test(text)) return text;
    const point = decimals[at] === 0 ? "\u2008" : "";
    return `${text}${point}${"\u2007".repeat(most - decimals[at])}`;
  });
}
