import * as v from "valibot";
import type { OptionsSchema, Plugin } from "../../../registry/plugin.ts";
import { assertFails } from "./_broken.ts";

const REGISTRATION = "can be registered";
const NAMES = "names and describes its options";
const DEFAULTS = "states the default of every option that may be left out";
const ROUND_TRIP = "reads its own config again";
const FLAGS = "takes its options as flags";
const UNKNOWN = "refuses an option that it does not have";

/** A schedule with options that it does not use. */
function schedule(
  config: OptionsSchema<unknown>,
  parts: Partial<Plugin> = {},
): Plugin<"scheduler"> {
  const create = () => ({ factor: () => 1 });
  return {
    slot: "scheduler",
    key: "steady",
    description: "a steady one",
    config,
    ...parts,
    create,
  } as Plugin<"scheduler">;
}

const described = <T>(schema: v.GenericSchema<unknown, T>) =>
  v.pipe(schema, v.description("something"));

Deno.test("schemaChecks accept options of every kind", async () => {
  const schema = v.strictObject({
    text: described(v.optional(v.string(), "a b")),
    number: described(v.optional(v.pipe(v.number(), v.gtValue(0)), 1e-7)),
    whole: described(v.optional(v.pipe(v.number(), v.integer()), -3)),
    on: described(v.optional(v.boolean(), true)),
    off: described(v.optional(v.boolean(), false)),
    choice: described(v.optional(v.picklist(["one", "two"]), "two")),
    words: described(v.optional(v.array(v.string()), ["x", "y z"])),
    one: described(v.optional(v.array(v.number()), [4])),
    none: described(v.optional(v.array(v.number()), [])),
    pair: described(v.optional(v.tuple([v.number(), v.number()]), [1, 2.5])),
    nothing: described(v.optional(v.nullable(v.number()), null)),
    map: described(v.optional(v.record(v.string(), v.unknown()), { a: { b: [1] } })),
    either: described(v.optional(v.union([v.number(), v.string()]), "7")),
    inside: v.optional(v.strictObject({ deep: described(v.optional(v.number(), 3)) }), { deep: 3 }),
    required: described(v.pipe(v.number(), v.integer(), v.minValue(2))),
  });
  await assertFails(schedule(schema), {});
});

Deno.test("schemaChecks find keys and descriptions that do not fit on a line", async () => {
  const schema = v.strictObject({});
  const dotted = schedule(schema, { key: "a.b" });
  await assertFails(dotted, { [REGISTRATION]: /^its key is not one word/ });
  const long = schedule(schema, { description: "one\ntwo" });
  await assertFails(long, {
    [REGISTRATION]: /^its description is "one\\ntwo", expected one line$/,
  });
});

Deno.test("schemaChecks find options that cannot be told apart, or are not described", async () => {
  const dashed = v.strictObject({ "a-b": described(v.optional(v.number(), 1)) });
  await assertFails(schedule(dashed), { [NAMES]: /^option "a-b" is not one word$/ });
  const silent = v.strictObject({ a: v.optional(v.number(), 1) });
  await assertFails(schedule(silent), { [NAMES]: /^option "a" has no description$/ });
  const deep = v.strictObject({
    a: v.optional(v.strictObject({ b: v.optional(v.number(), 1) }), {}),
  });
  await assertFails(schedule(deep), { [NAMES]: /^option "a.b" has no description$/ });
  const taken = v.strictObject({ name: described(v.optional(v.string(), "x")) });
  await assertFails(schedule(taken), {
    [NAMES]: /^option "name" has the name of the field of a key$/,
  });
});

Deno.test("schemaChecks find options that are left out without a default", async () => {
  const schema = v.strictObject({ a: described(v.optional(v.number())) });
  await assertFails(schedule(schema), {
    [DEFAULTS]: /^option "a" may be left out and has no default$/,
  });
});

Deno.test("schemaChecks find configs that do not survive a file", async () => {
  const dated = v.strictObject({
    a: described(
      v.optional(v.pipe(v.string(), v.transform((text) => new Date(text))), "2020-01-01"),
    ),
  });
  await assertFails(schedule(dated), {
    [ROUND_TRIP]: /^its config is not JSON/,
    [FLAGS]: /^--optimizer.a Wed Jan 01 2020/,
  });
  const doubling = v.strictObject({
    a: described(v.optional(v.pipe(v.number(), v.transform((value) => 2 * value)), 1)),
  });
  await assertFails(schedule(doubling), {
    [ROUND_TRIP]: /^it reads its own config \{"a":2\} as \{"a":4\}$/,
    [FLAGS]: /^--optimizer.a 2 gives \{"a":4\}, not \{"a":2\}$/,
  });
  const renaming = v.strictObject({
    a: described(v.optional(v.pipe(v.number(), v.maxValue(1), v.transform((x) => x + 1)), 1)),
  });
  await assertFails(schedule(renaming), {
    [ROUND_TRIP]: /^it refuses its own config \{"a":2\}/,
    [FLAGS]: /^optimizer.a: expected/,
  });
});

Deno.test("schemaChecks find options that no flag can say", async () => {
  const none = v.strictObject({ a: described(v.optional(v.nullable(v.string()), "none")) });
  await assertFails(schedule(none), {
    [FLAGS]: /^--optimizer.a none gives \{"a":null\}, not \{"a":"none"\}$/,
  });
});

Deno.test("schemaChecks find schemas that take any option, and schemas that throw", async () => {
  const loose = v.object({ a: described(v.optional(v.number(), 1)) });
  await assertFails(schedule(loose), { [UNKNOWN]: /^its schema takes options of any name/ });
  const throwing = v.strictObject({
    a: described(v.optional(
      v.pipe(
        v.number(),
        v.check(() => {
          throw new TypeError("oops");
        }),
      ),
      1,
    )),
  });
  const threw = /^Cannot check the options of scheduler "steady": its schema threw: oops$/;
  const every = [REGISTRATION, NAMES, DEFAULTS, ROUND_TRIP, FLAGS, UNKNOWN];
  await assertFails(schedule(throwing), {
    ...Object.fromEntries(every.map((name) => [name, threw])),
    "gives a factor of at least 0 for every epoch": threw,
    "gives the same factor whenever it is asked": threw,
  });
});

Deno.test("schemaChecks want a plugin of a list to need no options", async () => {
  const metric: Plugin<"metric"> = {
    slot: "metric",
    key: "distance",
    description: "mean distance",
    config: v.strictObject({ power: described(v.pipe(v.number(), v.minValue(1))) }),
    create: () => {
      let [sum, samples] = [0, 0];
      return {
        higherIsBetter: false,
        accumulator: () => {
          [sum, samples] = [0, 0];
          return {
            update: () => void ([sum, samples] = [1, 1]),
            compute: () => ({ Distance: sum / samples }),
          };
        },
      };
    },
  };
  const others = [
    "rates right predictions above wrong ones",
    "does not depend on order, batches and other splits",
  ];
  await assertFails(metric, { [FLAGS]: /^it is chosen by its key alone/, [others[0]]: /^right/ });
});
