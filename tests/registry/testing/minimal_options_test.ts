import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { ConfigError } from "../../../registry/errors.ts";
import type { OptionsSchema, Plugin } from "../../../registry/plugin.ts";
import { isJson, minimalOptions } from "../../../registry/testing/minimal_options.ts";
import { plain } from "./_broken.ts";

function head(config: OptionsSchema<unknown>): Plugin<"head_type"> {
  const { create } = plain("head_type", () => {
    throw new Error("nothing is created");
  });
  return { slot: "head_type", key: "sample", description: "a sample", config, create };
}

Deno.test("minimalOptions() gives required fields the smallest value of their type", () => {
  const plugin = head(v.strictObject({
    text: v.string(),
    code: v.pipe(v.string(), v.minLength(3)),
    number: v.number(),
    least: v.pipe(v.number(), v.minValue(0.5)),
    above: v.pipe(v.number(), v.gtValue(0)),
    between: v.pipe(v.number(), v.gtValue(0), v.ltValue(0.5)),
    negative: v.pipe(v.number(), v.maxValue(-2)),
    below: v.pipe(v.number(), v.ltValue(-1)),
    whole: v.pipe(v.number(), v.integer(), v.minValue(2)),
    counted: v.pipe(v.number(), v.integer(), v.gtValue(2)),
    low: v.pipe(v.number(), v.integer(), v.maxValue(-4)),
    flag: v.boolean(),
    choice: v.picklist(["b", "a"]),
    list: v.array(v.number()),
    some: v.pipe(v.array(v.string()), v.minLength(2)),
    pair: v.tuple([v.number(), v.string()]),
    map: v.record(v.string(), v.number()),
    inside: v.strictObject({ deep: v.boolean(), rest: v.optional(v.number(), 4) }),
    nothing: v.nullable(v.number()),
    either: v.union([v.boolean(), v.number()]),
    any: v.unknown(),
    left: v.optional(v.number(), 7),
  }));
  assertEquals(minimalOptions(plugin), {
    text: "a",
    code: "aaa",
    number: 0,
    least: 0.5,
    above: 1,
    between: 0.25,
    negative: -2,
    below: -2,
    whole: 2,
    counted: 3,
    low: -4,
    flag: false,
    choice: "b",
    list: [],
    some: ["a", "a"],
    pair: [0, "a"],
    map: {},
    inside: { deep: false, rest: 4 },
    nothing: null,
    either: false,
    any: null,
    left: 7,
  });
});

Deno.test("minimalOptions() leaves given options as they are", () => {
  const plugin = head(
    v.strictObject({ a: v.number(), b: v.string(), c: v.optional(v.number(), 1) }),
  );
  assertEquals(minimalOptions(plugin, { a: 3, c: undefined }), { a: 3, b: "a", c: 1 });
});

Deno.test("minimalOptions() says what it cannot make up", () => {
  const file = v.pipe(v.string(), v.endsWith(".h5", 'expected a name that ends in ".h5"'));
  const plugin = head(v.strictObject({ file, size: v.number() }));
  const error = assertThrows(() => minimalOptions(plugin), ConfigError);
  assertEquals(
    error.message,
    'model.head.file: expected a name that ends in ".h5"; give the option to the check',
  );
  assertEquals(minimalOptions(plugin, { file: "a.h5" }), { file: "a.h5", size: 0 });
});

Deno.test("isJson() knows what a JSON file can hold", () => {
  for (const value of [null, 1, "a", true, [1, [2]], { a: { b: null } }]) {
    assertEquals(isJson(value), true);
  }
  for (const value of [undefined, NaN, new Date(), [undefined], { a: new Map() }, 3n]) {
    assertEquals(isJson(value), false);
  }
});
