/** What the compiler makes of options; these tests hold when they pass type checking. */
import * as v from "valibot";
import {
  choice,
  count,
  either,
  flag,
  group,
  list,
  map,
  number,
  option,
  options,
  type OptionsOf,
  path,
  positive,
  rate,
  required,
  text,
  whole,
} from "../../registry/mod.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

const schema = options({
  given: count(required, "."),
  counted: count(3, "."),
  perhaps: count(null, "."),
  start: whole(0, "."),
  dropout: rate(0, "."),
  scale: positive(null, "."),
  on: flag(true, "."),
  size: choice("small", ".", ["small", "big"]),
  way: choice(null, ".", [1, 2]),
  name: text("a", "."),
  file: path(required, "."),
  widths: list([1], ".", count),
  mean: list(null, ".", number),
  names: list(required, ".", text),
  mails: list([], ".", () => v.pipe(v.string(), v.email())),
  rest: map({}, "."),
  weights: map({}, ".", number),
  keys: group({}, ".", { label: text("label", "."), limit: number(null, ".") }),
  stop: group(null, ".", { patience: count(20, ".") }),
  sides: either(null, ".", [count, (given, about) => list(given, about, count, { length: 2 })]),
  raw: v.optional(v.pipe(v.number(), v.integer(), v.description(".")), 3),
  either_null: option("a" as string | null, ".", v.nullable(v.string())),
});

interface Expected {
  given: number;
  counted: number;
  perhaps: number | null;
  start: number;
  dropout: number;
  scale: number | null;
  on: boolean;
  size: "small" | "big";
  way: 1 | 2 | null;
  name: string;
  file: string;
  widths: readonly number[];
  mean: readonly number[] | null;
  names: readonly string[];
  mails: readonly string[];
  rest: Readonly<Record<string, unknown>>;
  weights: Readonly<Record<string, number>>;
  keys: { label: string; limit: number | null };
  stop: { patience: number } | null;
  sides: number | readonly number[] | null;
  raw: number;
  either_null: string | null;
}

type Found = OptionsOf<typeof schema>;
const same: { readonly [K in keyof Expected]: Same<Found[K], Expected[K]> } = {
  given: true,
  counted: true,
  perhaps: true,
  start: true,
  dropout: true,
  scale: true,
  on: true,
  size: true,
  way: true,
  name: true,
  file: true,
  widths: true,
  mean: true,
  names: true,
  mails: true,
  rest: true,
  weights: true,
  keys: true,
  stop: true,
  sides: true,
  raw: true,
  either_null: true,
};

interface Config {
  readonly a: number;
  readonly b: string | null;
}

/** The compiler reads it, nobody runs it. */
function refused(): void {
  options<Config>({ a: count(1, "."), b: text(null, ".") });
  // @ts-expect-error: an option that the type does not have
  options<Config>({ a: count(1, "."), b: text(null, "."), c: flag(true, ".") });
  // @ts-expect-error: an option of the type is missing
  options<Config>({ a: count(1, ".") });
  // @ts-expect-error: null is not a value of the type
  options<Config>({ a: count(null, "."), b: text(null, ".") });
  // @ts-expect-error: another type
  options<Config>({ a: text("1", "."), b: text(null, ".") });
  // @ts-expect-error: a default that is not a choice
  choice("huge", ".", ["small", "big"]);
  // @ts-expect-error: a default of another type
  count("1", ".");
  // @ts-expect-error: a default of other items
  list(["1"], ".", number);
  // @ts-expect-error: a default of other values
  map({ a: "1" }, ".", number);
  // @ts-expect-error: a default that is of none of the kinds
  either(true, ".", [count, text]);
}

Deno.test("options() and the types of its values agree with the compiler", () => {
  void [same, refused];
});
