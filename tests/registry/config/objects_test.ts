import { assertEquals } from "@std/assert";
import { getAt, isPlainObject, pick, setAt, splitPath } from "../../../registry/config/objects.ts";

Deno.test("isPlainObject() takes neither lists nor instances", () => {
  const cases: [unknown, boolean][] = [
    [{}, true],
    [Object.create(null), true],
    [null, false],
    [[], false],
    [new Date(), false],
    ["a", false],
  ];
  for (const [value, expected] of cases) assertEquals(isPlainObject(value), expected);
});

Deno.test("setAt() makes the objects on the way, and getAt() finds the value", () => {
  const tree = { a: null };
  assertEquals(setAt(tree, ["a", "b", "c"], 1), true);
  assertEquals(getAt(tree, ["a", "b"]), { c: 1 });
  assertEquals(getAt(tree, ["a", "x", "c"]), undefined);
  assertEquals(getAt(tree, ["toString"]), undefined);
});

Deno.test("setAt() neither overwrites values on the way nor touches prototypes", () => {
  const tree = { a: 1 };
  assertEquals(setAt(tree, ["a", "b"], 1), false);
  assertEquals(setAt(tree, ["__proto__", "polluted"], 1), false);
  assertEquals("polluted" in {}, false);
  assertEquals(tree, { a: 1 });
});

Deno.test("pick() keeps the names that are there", () => {
  assertEquals(pick({ a: 1, b: 2 }, ["b", "c"]), { b: 2 });
});

Deno.test("splitPath() gives no names for the root", () => {
  assertEquals([splitPath(""), splitPath("a.b")], [[], ["a", "b"]]);
});
