/**
 * Options that are numbers.
 * @module
 */
import * as v from "valibot";
import type { Bounds } from "../config/schema.ts";
import { type Default, type Option, option, type ValueOf } from "./option.ts";

export type { Bounds } from "../config/schema.ts";

/**
 * A number; infinite ones are refused.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds Where its values lie; anywhere if not given.
 * @returns The option.
 *
 * @example A temperature between two ends
 * ```ts
 * import { number, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ tau: number(0.5, "temperature", { above: 0, max: 2 }) });
 * assertEquals([0, 2, 2.1, Infinity].map((tau) => v.is(schema, { tau })), [
 *   false,
 *   true,
 *   false,
 *   false,
 * ]);
 * ```
 *
 * @category Options
 */
export function number<D extends Default<number>>(
  fallback: D,
  description: string,
  bounds: Bounds = {},
): Option<ValueOf<number, D>> {
  return option<number, D>(fallback, description, within(v.pipe(v.number(), v.finite()), bounds));
}

/**
 * A number above 0.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds Other bounds.
 * @returns The option.
 *
 * @example A factor
 * ```ts
 * import { options, positive } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ scale: positive(20, "factor on the cosine") });
 * assertEquals([0, 0.5].map((scale) => v.is(schema, { scale })), [false, true]);
 * ```
 *
 * @category Options
 */
export function positive<D extends Default<number>>(
  fallback: D,
  description: string,
  bounds: Bounds = {},
): Option<ValueOf<number, D>> {
  return number(fallback, description, { above: 0, ...bounds });
}

/**
 * A number of at least 0.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds Other bounds.
 * @returns The option.
 *
 * @example The weight of a loss
 * ```ts
 * import { nonNegative, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ weight: nonNegative(1, "weight of the instance loss") });
 * assertEquals([-1, 0].map((weight) => v.is(schema, { weight })), [false, true]);
 * ```
 *
 * @category Options
 */
export function nonNegative<D extends Default<number>>(
  fallback: D,
  description: string,
  bounds: Bounds = {},
): Option<ValueOf<number, D>> {
  return number(fallback, description, { min: 0, ...bounds });
}

/**
 * A number of at least 0 and below 1: a rate of dropout, a decay rate.
 * @param fallback Its default.
 * @param description What it means.
 * @returns The option.
 *
 * @example Dropout
 * ```ts
 * import { options, rate } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ dropout: rate(0, "dropout rate on the embedding") });
 * assertEquals([0, 0.5, 1].map((dropout) => v.is(schema, { dropout })), [true, true, false]);
 * ```
 *
 * @category Options
 */
export function rate<D extends Default<number>>(
  fallback: D,
  description: string,
): Option<ValueOf<number, D>> {
  return number(fallback, description, { min: 0, below: 1 });
}

/**
 * A whole number: 0 or more where no other `min` is given, at most 2^53 - 1.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds Other bounds.
 * @returns The option.
 *
 * @example A number of epochs that may be 0
 * ```ts
 * import { options, whole } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ warmup: whole(0, "epochs of warm-up", { max: 99 }) });
 * assertEquals([-1, 0, 1.5, 100].map((warmup) => v.is(schema, { warmup })), [
 *   false,
 *   true,
 *   false,
 *   false,
 * ]);
 * ```
 *
 * @category Options
 */
export function whole<D extends Default<number>>(
  fallback: D,
  description: string,
  bounds: Bounds = {},
): Option<ValueOf<number, D>> {
  const integer = v.pipe(v.number(), v.safeInteger());
  return option<number, D>(fallback, description, within(integer, { min: 0, ...bounds }));
}

/**
 * A whole number of at least 1, such as a width or a number of layers.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds Other bounds.
 * @returns The option.
 *
 * @example A width that has to be given, and one that need not
 * ```ts
 * import { count, options, required } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({
 *   feature_dim: count(required, "width of the features"),
 *   hidden_dim: count(null, "width of the hidden layer; feature_dim if not given"),
 * });
 * assertEquals(v.parse(schema, { feature_dim: 64 }), { feature_dim: 64, hidden_dim: null });
 * ```
 *
 * @category Options
 */
export function count<D extends Default<number>>(
  fallback: D,
  description: string,
  bounds: Bounds = {},
): Option<ValueOf<number, D>> {
  return whole(fallback, description, { min: 1, ...bounds });
}

function within(schema: Option<number>, { min, max, above, below }: Bounds): Option<number> {
  const actions: v.GenericPipeItem<number, number>[] = [];
  if (min !== undefined) actions.push(v.minValue(min));
  if (above !== undefined) actions.push(v.gtValue(above));
  if (max !== undefined) actions.push(v.maxValue(max));
  if (below !== undefined) actions.push(v.ltValue(below));
  return v.pipe(schema, ...actions);
}
