/**
 * Options that are not numbers.
 * @module
 */
import * as v from "valibot";
import {
  type Default,
  type Option,
  option,
  type OptionEntries,
  options,
  required,
  type ValueOf,
} from "./option.ts";

/**
 * What the items of a list are, or the values of a map: a kind of option, such as `count`. Any
 * function that returns a schema will do, for example `() => v.pipe(v.string(), v.email())`.
 * @category Options
 */
export type Kind<T> = (fallback: typeof required, description: string) => Option<T>;

/**
 * How many items a list has.
 * @category Options
 */
export interface ListBounds {
  /** Fewest items. */
  readonly min?: number;
  /** Most items. */
  readonly max?: number;
  /** The number of items, where no other will do. */
  readonly length?: number;
}

/**
 * What a text must be, besides not empty.
 * @category Options
 */
export interface TextBounds {
  /**
   * Checks the text.
   * @param text The text.
   * @returns What is wrong with it, as `expected …`; nothing where it is good.
   */
  check?(text: string): string | undefined;
}

/**
 * True or false. On the command line it is `--section.name` or `--section.no_name`.
 * @param fallback Its default.
 * @param description What it means.
 * @returns The option.
 *
 * @example A part of a model that can be left out
 * ```ts
 * import { flag, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ gate: flag(true, "gated attention") });
 * assertEquals(v.parse(schema, {}), { gate: true });
 * ```
 *
 * @category Options
 */
export function flag<D extends Default<boolean>>(
  fallback: D,
  description: string,
): Option<ValueOf<boolean, D>> {
  return option<boolean, D>(fallback, description, v.boolean());
}

/**
 * One of a few values.
 * @param fallback Its default, one of them.
 * @param description What it means.
 * @param choices The values.
 * @returns The option.
 *
 * @example Three sizes
 * ```ts
 * import { choice, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ size: choice("small", "widths", ["tiny", "small", "big"]) });
 * assertEquals(["big", "huge"].map((size) => v.is(schema, { size })), [true, false]);
 * ```
 *
 * @category Options
 */
export function choice<const T extends string | number, D extends Default<NoInfer<T>>>(
  fallback: D,
  description: string,
  choices: readonly T[],
): Option<ValueOf<T, D>> {
  return option<T, D>(fallback, description, v.picklist(choices));
}

/**
 * Text, which is not empty unless its default is.
 * @param fallback Its default.
 * @param description What it means.
 * @param bounds What it must be.
 * @returns The option.
 *
 * @example A name in capitals
 * ```ts
 * import { options, text } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const check = (name: string) =>
 *   name === name.toUpperCase() ? undefined : `expected capitals, received "${name}"`;
 * const schema = options({ name: text("VAL", "name of the split", { check }) });
 * assertEquals(["TEST", "test", ""].map((name) => v.is(schema, { name })), [true, false, false]);
 * ```
 *
 * @category Options
 */
export function text<D extends Default<string>>(
  fallback: D,
  description: string,
  bounds: TextBounds = {},
): Option<ValueOf<string, D>> {
  return option<string, D>(fallback, description, checkedText(fallback === "", bounds));
}

/**
 * The path of a file or a folder.
 * @param fallback Its default.
 * @param description What it means.
 * @returns The option.
 *
 * @example A file that need not be there
 * ```ts
 * import { options, path } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ weights_file: path(null, "file of weights to start from") });
 * assertEquals(v.parse(schema, {}), { weights_file: null });
 * assertEquals(v.is(schema, { weights_file: "" }), false);
 * ```
 *
 * @category Options
 */
export function path<D extends Default<string>>(
  fallback: D,
  description: string,
): Option<ValueOf<string, D>> {
  const check = (path: string) =>
    path.includes("\0") ? "expected a path, received one with a zero character" : undefined;
  const schema = v.pipe(checkedText(fallback === "", { check }), v.metadata({ kind: "path" }));
  return option<string, D>(fallback, description, schema);
}

/**
 * A list.
 * @param fallback Its default.
 * @param description What it means.
 * @param item What its items are.
 * @param bounds How many there are; any number if not given.
 * @returns The option.
 *
 * @example Three numbers
 * ```ts
 * import { list, number, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ mean: list([0.5, 0.5, 0.5], "mean of each channel", number, { length: 3 }) });
 * assertEquals([[0, 0, 1], [0, 0]].map((mean) => v.is(schema, { mean })), [true, false]);
 * ```
 *
 * @category Options
 */
export function list<T, D extends Default<readonly NoInfer<T>[]>>(
  fallback: D,
  description: string,
  item: Kind<T>,
  { length, min = length, max = length }: ListBounds = {},
): Option<ValueOf<readonly T[], D>> {
  const bounds: v.GenericPipeItem<T[], T[]>[] = [];
  if (min !== undefined) bounds.push(v.minLength(min));
  if (max !== undefined) bounds.push(v.maxLength(max));
  const schema: Option<T[]> = v.pipe(v.array(item(required, "")), ...bounds);
  return option<readonly T[], D>(fallback, description, schema);
}

/**
 * Values by names that the option does not fix.
 * @param fallback Its default.
 * @param description What it means.
 * @param item What the values are; anything if not given.
 * @returns The option.
 *
 * @example Arguments that are passed on
 * ```ts
 * import { map, options } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ model_kwargs: map({}, "arguments of the model") });
 * assertEquals(v.parse(schema, { model_kwargs: { depth: 2 } }), { model_kwargs: { depth: 2 } });
 * ```
 *
 * @category Options
 */
export function map<D extends Default<Readonly<Record<string, NoInfer<T>>>>, T = unknown>(
  fallback: D,
  description: string,
  item: Kind<T> = () => v.unknown() as Option<unknown> as Option<T>,
): Option<ValueOf<Readonly<Record<string, T>>, D>> {
  type Values = Readonly<Record<string, T>>;
  return option<Values, D>(fallback, description, v.record(v.string(), item(required, "")));
}

/**
 * Options inside an option.
 * @param fallback What stands for it when it is left out: `{}` for the defaults inside.
 * @param description What they are about.
 * @param entries The options by name.
 * @returns The option.
 *
 * @example Options that rarely matter
 * ```ts
 * import { group, options, text } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({
 *   keys: group({}, "names inside the file", {
 *     features: text("features", "dataset of the features"),
 *   }),
 * });
 * assertEquals(v.parse(schema, {}), { keys: { features: "features" } });
 * ```
 *
 * @category Options
 */
export function group<C extends object, D extends Default<Partial<NoInfer<C>>>>(
  fallback: D,
  description: string,
  entries: OptionEntries<C>,
): Option<C | (D extends null ? null : never)> {
  return option(fallback, description, options(entries) as Option<unknown>) as Option<
    C | (D extends null ? null : never)
  >;
}

/**
 * A value of one of several kinds.
 * @param fallback Its default.
 * @param description What it means.
 * @param kinds The kinds.
 * @returns The option.
 *
 * @example A number, or text
 * ```ts
 * import { count, either, options, text } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = options({ layers: either("all", "layers that train", [count, text]) });
 * assertEquals([3, "all", true].map((layers) => v.is(schema, { layers })), [true, true, false]);
 * ```
 *
 * @category Options
 */
export function either<T extends readonly unknown[], D extends Default<NoInfer<T>[number]>>(
  fallback: D,
  description: string,
  kinds: { readonly [K in keyof T]: Kind<T[K]> },
): Option<ValueOf<T[number], D>> {
  const schemas = (kinds as readonly Kind<T[number]>[]).map((kind) => kind(required, ""));
  return option<T[number], D>(fallback, description, v.union(schemas));
}

function checkedText(mayBeEmpty: boolean, { check }: TextBounds): Option<string> {
  const actions: v.GenericPipeItem<string, string>[] = [];
  if (!mayBeEmpty) actions.push(v.nonEmpty());
  if (check) {
    actions.push(v.rawCheck(({ dataset, addIssue }) => {
      const isText = dataset.typed && (mayBeEmpty || dataset.value !== "");
      const message = isText ? check(dataset.value) : undefined;
      if (message !== undefined) addIssue({ message });
    }));
  }
  return v.pipe(v.string(), ...actions);
}
