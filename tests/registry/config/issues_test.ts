import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { renderIssues, schemaAt, unknownField } from "../../../registry/config/issues.ts";
import { joinPath } from "../../../registry/config/objects.ts";
import type { Entries } from "../../../registry/config/schema.ts";

const entries: Entries = {
  list: v.array(v.number()),
  nested: v.strictObject({ depth: v.pipe(v.number(), v.minValue(1)) }),
  map: v.record(v.string(), v.number()),
  either: v.union([v.string(), v.number()]),
  open: v.unknown(),
  mail: v.pipe(v.string(), v.check((text) => text.includes("@"), "Expected an @")),
};

function render(input: Record<string, unknown>): string[] {
  const good = { list: [], nested: { depth: 1 }, map: {}, either: 1, open: 1, mail: "@" };
  const parsed = v.safeParse(v.object(entries), { ...good, ...input });
  return renderIssues("a.b", entries, parsed.issues ?? [])
    .map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("renderIssues() names path, expectation and what was received", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ list: [1, "x"] }, 'a.b.list.1: expected a number, received "x"'],
    [{ list: 3 }, "a.b.list: expected a list, each a number, received 3"],
    [{ nested: { depth: 0 } }, "a.b.nested.depth: expected a number of at least 1, received 0"],
    [{ nested: {} }, "a.b.nested.depth: expected a number of at least 1, received nothing"],
    [
      { nested: { depth: 1, dept: 1 } },
      "a.b.nested.dept: expected a field of a.b.nested, received an unknown name, " +
      'did you mean "depth"?',
    ],
    [{ map: { x: "y" } }, 'a.b.map.x: expected a number, received "y"'],
    [{ either: null }, "a.b.either: expected text or a number, received null"],
    [{ mail: "x" }, "a.b.mail: expected an @"],
  ];
  for (const [input, expected] of cases) assertEquals(render(input), [expected]);
});

Deno.test("schemaAt() walks through objects, maps, lists and open values", () => {
  const found = ["list.0", "nested.depth", "map.x", "open.x.y"];
  const missing = ["x", "nested.x", "either.x", "list.0.x", "toString"];
  for (const path of found) assertEquals(schemaAt(entries, path.split(".")) !== undefined, true);
  for (const path of missing) assertEquals(schemaAt(entries, path.split(".")), undefined);
});

Deno.test("unknownField() names the nearest name", () => {
  const { message, suggestion } = unknownField("a.lost", "a", ["list"]);
  assertEquals(message, 'expected a field of a, received an unknown name, did you mean "list"?');
  assertEquals(suggestion, "list");
  assertEquals(unknownField("a.other", "a", ["list"]).suggestion, undefined);
});

Deno.test("unknownField() names a field elsewhere, or lists the fields where they are few", () => {
  const message = (name: string, known: readonly string[], elsewhere?: string) =>
    unknownField(`a.${name}`, "a", known, elsewhere).message
      .replace("expected a field of a, received an unknown name", "");
  assertEquals(message("lost", ["list"], "b.lost"), ', did you mean "list"?');
  assertEquals(message("depth", ["list"], "b.depth"), ', did you mean "b.depth"?');
  assertEquals(message("depth", ["list"]), '; the only field is "list"');
  assertEquals(message("depth", ["list", "map"]), '; the fields are "list", "map"');
  assertEquals(message("depth", []), "");
  const names = Array.from({ length: 9 }, (_, index) => `field${index}`);
  assertEquals(
    message("depth", names.slice(1)),
    `; the fields are ${names.slice(1).map((name) => `"${name}"`).join(", ")}`,
  );
  assertEquals(message("depth", names), "");
});

Deno.test("joinPath() leaves empty parts out", () => {
  assertEquals([joinPath("", "a"), joinPath("a.b", "c")], ["a", "a.b.c"]);
});
