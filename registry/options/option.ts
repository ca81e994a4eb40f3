/**
 * What every option is made of: a default, a description and a schema; and how options are put
 * together.
 * @module
 */
import * as v from "valibot";
import type { OptionsSchema } from "../plugin.ts";

/**
 * Schema of one option whose values are of type `T`.
 * @category Options
 */
export type Option<T> = OptionsSchema<T>;

/**
 * The options that values of type `C` are made from, by name.
 * @category Options
 */
export type OptionEntries<C> = { readonly [K in keyof C]-?: Option<C[K]> };

/**
 * The values that a schema of options gives, for a plugin whose options have no type of their own.
 * A package on JSR needs one: there, exported values must have types that are written out.
 * @category Options
 */
export type OptionsOf<S extends OptionsSchema<unknown>> = S extends OptionsSchema<infer C> ? C
  : never;

/**
 * Options of a plugin that has none.
 * @category Options
 */
export type NoOptions = Readonly<Record<never, never>>;

/**
 * Stands where a default would: the option has to be given.
 *
 * @example A schema that asks for a number of classes
 * ```ts
 * import { count, options, required } from "@glovita/glovita/plugin";
 * import { assert } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ num_classes: count(required, "number of classes") });
 * assert(!v.is(schema, {}));
 * assert(v.is(schema, { num_classes: 3 }));
 * ```
 *
 * @category Options
 */
export const required: unique symbol = Symbol("required");

/**
 * What may stand where a default does: a value, `null` for "may be null, and is", or `required`.
 * @category Options
 */
export type Default<T> = T | null | typeof required;

/**
 * Values of an option whose default is a `D`: `null` is among them where it is the default.
 * @category Options
 */
export type ValueOf<T, D> = T | (D extends null ? null : never);

/**
 * Makes an option of any schema, for what none of the kinds is.
 * @param fallback Its value when it is left out; `null` allows `null` besides; or `required`.
 * @param description What it means, in one line.
 * @param schema What it takes, without default and description.
 * @returns The option.
 *
 * @example An address, checked by valibot
 * ```ts
 * import { option, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const address = v.pipe(v.string(), v.url());
 * const schema = options({ server: option("http://localhost", "where runs go", address) });
 * assertEquals(v.parse(schema, {}), { server: "http://localhost" });
 * assertEquals(v.is(schema, { server: "nowhere" }), false);
 * ```
 *
 * @category Options
 */
export function option<T, const D extends Default<T>>(
  fallback: D,
  description: string,
  schema: Option<T>,
): Option<ValueOf<T, D>> {
  return withDefault(fallback, v.pipe(schema, v.description(description))) as Option<
    ValueOf<T, D>
  >;
}

function withDefault(fallback: unknown, schema: Option<unknown>): Option<unknown> {
  if (fallback === required) return schema;
  return fallback === null ? v.optional(v.nullable(schema), null) : v.optional(schema, fallback);
}

/**
 * Puts options together: an object that has them and no others.
 * @param entries The options by name.
 * @returns The schema: the `config` of a plugin.
 *
 * @example Three options, three lines
 * ```ts
 * import { count, flag, options, rate } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({
 *   hidden_dim: count(128, "width of the hidden layer"),
 *   dropout: rate(0, "dropout rate on the hidden layer"),
 *   gate: flag(true, "gated attention"),
 * });
 * assertEquals(v.parse(schema, { dropout: 0.25 }), { hidden_dim: 128, dropout: 0.25, gate: true });
 * ```
 *
 * @example The type of the values, which the compiler then holds the options to
 * ```ts
 * import { count, options } from "@glovita/glovita/plugin";
 * import { type Plugin } from "@glovita/glovita/plugin";
 *
 * interface StepsConfig {
 *   readonly size: number;
 * }
 * const config = options<StepsConfig>({ size: count(3, "epochs of a step") });
 * const steps: Plugin<"scheduler", StepsConfig> = {
 *   slot: "scheduler",
 *   key: "steps",
 *   description: "a tenth after every step",
 *   config,
 *   create: ({ size }) => ({ factor: (epoch) => 0.1 ** Math.floor(epoch / size) }),
 * };
 * void steps;
 * ```
 *
 * @category Options
 */
export function options<C extends object>(entries: OptionEntries<C>): OptionsSchema<C> {
  return v.strictObject(entries as Readonly<Record<string, Option<unknown>>>) as OptionsSchema<
    unknown
  > as OptionsSchema<C>;
}

/**
 * The schema of a plugin without options.
 *
 * @example A schedule that stays at 1
 * ```ts
 * import { type NoOptions, noOptions } from "@glovita/glovita/plugin";
 * import { type Plugin } from "@glovita/glovita/plugin";
 * import { checkPlugin } from "@glovita/glovita/testing";
 *
 * const flat: Plugin<"scheduler", NoOptions> = {
 *   slot: "scheduler",
 *   key: "flat",
 *   description: "a learning rate that stays as it is",
 *   config: noOptions,
 *   create: () => ({ factor: () => 1 }),
 * };
 * await checkPlugin(flat);
 * ```
 *
 * @category Options
 */
export const noOptions: OptionsSchema<NoOptions> = options<NoOptions>({});
