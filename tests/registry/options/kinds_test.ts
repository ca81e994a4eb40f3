import { assertEquals } from "@std/assert";
import * as v from "valibot";
import {
  choice,
  either,
  flag,
  group,
  list,
  map,
  path,
  text,
} from "../../../registry/options/kinds.ts";
import { count, number } from "../../../registry/options/numbers.ts";
import { type Option, required } from "../../../registry/options/option.ts";
import { read } from "./_config.ts";

function assertRefused(option: Option<unknown>, cases: readonly [unknown, string][]): void {
  for (const [value, message] of cases) assertEquals(read(option, value), `peft.x: ${message}`);
}

Deno.test("flag() takes true and false", () => {
  assertEquals([read(flag(true, ".")), read(flag(true, "."), false)], [true, false]);
  assertRefused(flag(true, "."), [["yes", 'expected true or false, received "yes"']]);
});

Deno.test("choice() takes one of its values", () => {
  const size = choice("small", ".", ["small", "big"]);
  assertEquals([read(size), read(size, "big")], ["small", "big"]);
  assertRefused(size, [
    ["bigg", 'expected one of "small", "big", received "bigg", did you mean "big"?'],
  ]);
  const bits = choice(16, ".", [16, 32]);
  assertEquals([read(bits), read(bits, 32)], [16, 32]);
  assertRefused(bits, [[8, "expected one of 16, 32, received 8"]]);
  assertRefused(choice(10, ".", [10]), [[9, "expected 10, received 9"]]);
});

Deno.test("text() is not empty unless its default is", () => {
  assertEquals(read(text("a", "."), "b"), "b");
  assertRefused(text("a", "."), [
    ["", 'expected text that is not empty, received ""'],
    [3, "expected text, received 3"],
  ]);
  assertEquals([read(text("", ".")), read(text("", "."), "b")], ["", "b"]);
});

Deno.test("text() shows what its own check finds", () => {
  const check = (name: string) => name.endsWith(".h5") ? undefined : "expected a name in .h5";
  const name = text(null, ".", { check });
  assertEquals([read(name), read(name, "a.h5")], [null, "a.h5"]);
  assertRefused(name, [
    ["a", "expected a name in .h5"],
    ["", 'expected text that is not empty, received ""'],
    [3, "expected text, received 3"],
  ]);
});

Deno.test("path() takes what can name a file", () => {
  assertEquals(read(path("./a", "."), "b c/d"), "b c/d");
  assertEquals(read(path(required, ".")), "peft.x: expected a path, received nothing");
  assertRefused(path("./a", "."), [
    ["", 'expected a path that is not empty, received ""'],
    ["a\0b", "expected a path, received one with a zero character"],
  ]);
});

Deno.test("list() takes items of a kind, as many as it says", () => {
  assertEquals(read(list([1, 2], ".", number), [3]), [3]);
  assertEquals([read(list([1, 2], ".", number)), read(list(null, ".", count))], [[1, 2], null]);
  assertEquals(
    read(list([], ".", count), [1, 0]),
    "peft.x.1: expected a whole number of at least 1, received 0",
  );
  const three = "expected a list of 3, each a number, received";
  assertRefused(list(required, ".", number, { length: 3 }), [
    [[1, 2], `${three} [1,2]`],
    [[1, 2, 3, 4], `${three} [1,2,3,4]`],
  ]);
  assertRefused(list(["a"], ".", text, { min: 1 }), [
    [[], "expected a list of at least 1, each text, received []"],
  ]);
  assertRefused(list([], ".", text, { max: 1 }), [
    [["a", "b"], 'expected a list of at most 1, each text, received ["a","b"]'],
  ]);
  const mails = list([], ".", () => v.pipe(v.string(), v.email("expected an address")));
  assertEquals(read(mails, ["a"]), "peft.x.0: expected an address");
});

Deno.test("map() takes any names", () => {
  assertEquals(read(map({}, "."), { a: { b: [1] } }), { a: { b: [1] } });
  assertEquals(read(map({ a: 1 }, ".", number)), { a: 1 });
  assertEquals(
    read(map({}, ".", number), { a: "1" }),
    'peft.x.a: expected a number, received "1"',
  );
});

Deno.test("group() has the defaults of its options, or none at all", () => {
  const entries = { label: text("label", "."), limit: count(required, ".") };
  assertEquals(read(group({}, ".", entries), { limit: 2 }), { label: "label", limit: 2 });
  assertEquals(
    read(group({}, ".", entries)),
    "peft.x.limit: expected a whole number of at least 1, received nothing",
  );
  assertEquals(read(group(null, ".", entries)), null);
  assertEquals(
    read(group({}, ".", entries), { limit: 2, labell: "y" }),
    "peft.x.labell: expected a field of peft.x, received an unknown name, " +
      'did you mean "label"?',
  );
});

Deno.test("either() takes values of all its kinds", () => {
  const sides = either(null, ".", [
    count,
    (given, about) => list(given, about, count, { length: 2 }),
  ]);
  assertEquals([read(sides), read(sides, 8), read(sides, [8, 9])], [null, 8, [8, 9]]);
  const one = "a whole number of at least 1";
  assertRefused(sides, [["8", `expected ${one} or a list of 2, each ${one}, received "8"`]]);
});
