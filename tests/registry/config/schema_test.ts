import { assertEquals } from "@std/assert";
import * as v from "valibot";
import {
  type AnySchema,
  describeField,
  describeValue,
  readSchema,
} from "../../../registry/config/schema.ts";

Deno.test("describeField() says what a field takes", () => {
  const number = v.number();
  const cases: [AnySchema, string][] = [
    [v.string(), "text"],
    [v.pipe(v.string(), v.metadata({ kind: "path" })), "a path"],
    [v.pipe(v.string(), v.metadata({ kind: "something else" })), "text"],
    [v.boolean(), "true or false"],
    [v.pipe(number, v.integer()), "a whole number"],
    [v.pipe(number, v.integer(), v.minValue(1)), "a whole number of at least 1"],
    [v.pipe(v.pipe(number, v.integer()), v.maxValue(9)), "a whole number of at most 9"],
    [v.pipe(number, v.minValue(0), v.maxValue(1)), "a number from 0 to 1"],
    [v.pipe(number, v.gtValue(0), v.maxValue(1)), "a number above 0 and of at most 1"],
    [v.pipe(number, v.minValue(0), v.ltValue(1)), "a number of at least 0 and below 1"],
    [v.picklist(["sb", "mb"]), 'one of "sb", "mb"'],
    [v.union([v.literal("a"), v.literal(2)]), 'one of "a", 2'],
    [v.literal("x"), '"x"'],
    [v.array(number), "a list, each a number"],
    [v.pipe(v.array(number), v.minLength(2)), "a list of at least 2, each a number"],
    [v.tuple([number, number, number]), "a list of 3, each a number"],
    [v.record(v.string(), v.unknown()), "an object"],
    [v.strictObject({}), "an object"],
    [v.union([v.string(), number]), "text or a number"],
    [v.lazy(() => v.string()), "text"],
    [v.optional(v.nullable(v.string()), null), "text"],
    [v.unknown(), "a value"],
  ];
  for (const [schema, expected] of cases) {
    assertEquals(describeField(readSchema(schema)), expected);
  }
});

Deno.test("readSchema() finds defaults and descriptions wherever they stand", () => {
  const inside = v.optional(v.pipe(v.number(), v.description("A number.")), 3);
  const outside = v.pipe(v.optional(v.number(), () => 3), v.description("A number."));
  for (const schema of [inside, outside]) {
    const field = readSchema(schema);
    assertEquals([field.default, field.description, field.optional], [3, "A number.", true]);
  }
});

Deno.test("readSchema() tells what may be left out or be null", () => {
  const cases: [AnySchema, boolean, boolean][] = [
    [v.string(), false, false],
    [v.optional(v.string()), true, false],
    [v.nullable(v.string()), false, true],
    [v.nullish(v.string()), true, true],
    [v.optional(v.nullable(v.string()), null), true, true],
    [v.nonOptional(v.optional(v.string())), false, false],
  ];
  for (const [schema, optional, nullable] of cases) {
    const field = readSchema(schema);
    assertEquals([field.optional, field.nullable], [optional, nullable]);
  }
});

Deno.test("describeValue() shows values as JSON, long ones cut", () => {
  assertEquals(describeValue(undefined), "nothing");
  assertEquals(describeValue("a"), '"a"');
  assertEquals(describeValue(NaN), "NaN");
  assertEquals(describeValue({ a: [1] }), '{"a":[1]}');
  assertEquals(describeValue(Array(99).fill(0)).length, 60);
});

Deno.test("describeValue() shows a text whole unless no message could hold it", () => {
  for (const length of [0, 20, 300]) {
    assertEquals(describeValue("x".repeat(length)).length, length + 2);
  }
  const shown = describeValue("x".repeat(5_000_000));
  assertEquals(shown, `"${"x".repeat(300)}"... (5000000 characters)`);
});
