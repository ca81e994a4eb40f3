import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { activation } from "../../../../engine/nn/vision/activations.ts";
import { ArgumentReader, oneOf } from "../../../../engine/nn/vision/arguments.ts";

function reader(values: Readonly<Record<string, unknown>>): ArgumentReader {
  return new ArgumentReader("resnet", values);
}

Deno.test("ArgumentReader gives what was given, else what holds anyway", () => {
  const none = reader({});
  assertEquals(none.boolean("a", true), true);
  assertEquals(none.integer("a", 3), 3);
  assertEquals(none.integers("a", [1, 2]), [1, 2]);
  assertEquals(none.size("a", 16), [16, 16]);
  assertEquals(none.positive("a", 0.5), 0.5);
  assertEquals(none.optionalNumber("a", 1e-6), 1e-6);
  assertEquals(none.optionalNumber("a"), undefined);
  assertEquals(none.choice("a", ["x", "y"], "y"), "y");
  assertEquals(none.rate("a"), 0);
  assertEquals(none.named("a", { x: 1, y: 2 }, "x"), 1);
  assertStrictEquals(none.activation("a", "relu"), activation("relu"));
  const given = reader({
    b: false,
    i: 0,
    l: [3, 4],
    s: [2, 3],
    n: null,
    c: "x",
    r: 0.1,
    f: "ReLU",
  });
  assertEquals(given.boolean("b", true), false);
  assertEquals(given.integer("i", 3, { minimum: 0 }), 0);
  assertEquals(given.integers("l", [1, 2]), [3, 4]);
  assertEquals(given.size("s", 16), [2, 3]);
  assertEquals(given.optionalNumber("n", 1e-6), undefined);
  assertEquals(given.choice("c", ["x", "y"], "y"), "x");
  assertEquals(given.rate("r"), 0.1);
  assertStrictEquals(given.activation("f", "gelu"), activation("relu"));
  given.finish();
});

Deno.test("ArgumentReader names argument, value and what is supported", () => {
  const values = { text: "x", half: 0.5, list: [1], nan: NaN, negative: -1, one: 1, nothing: null };
  const args = reader(values);
  const cases: [read: () => unknown, message: string][] = [
    [() => args.boolean("text", true), '"text" of resnet to be true or false, received "x"'],
    [() => args.integer("half", 1), "to be an integer of at least 1, received 0.5"],
    [() => args.integer("negative", 1, { minimum: 0 }), "of at least 0, received -1"],
    [() => args.integers("list", [1, 2]), "to be 2 integers of at least 1, received [1]"],
    [() => args.size("list", 1), "to be an integer of at least 1, or two of them, received [1]"],
    [() => args.positive("negative", 1), "to be a number greater than 0, received -1"],
    [() => args.optionalNumber("text"), 'to be a number or null, received "x"'],
    [() => args.optionalNumber("nan"), "to be a number or null"],
    [() => args.choice("text", ["a", "b", "c"], "a"), 'to be "a", "b" or "c", received "x"'],
    [() => args.choice("nothing", ["a"], "a"), 'to be "a", received null'],
    [() => args.rate("one"), "to be a rate of at least 0 and below 1, received 1"],
    [() => args.named("text", { y: 1 }, "y"), 'to be "y", received "x"'],
    [() => args.named("text", {}, "toString"), 'received "x"'],
    [() => args.activation("half", "gelu"), '"tanh", received 0.5'],
    [() => args.only("text", "", null), 'to be "" or null, received "x"'],
    [() => {
      throw args.refuse("absent", "3", 4);
    }, 'expected argument "absent" of resnet to be 3, received 4'],
  ];
  for (const [read, message] of cases) assertThrows(read, RangeError, message);
});

Deno.test("ArgumentReader.finish() throws on what nobody has read", () => {
  const args = reader({ layers: [1], stem: "deep", width: 2 });
  args.ignore("stem");
  args.only("width", 1, 2);
  assertEquals(args.raw("layers"), [1]);
  args.finish();
  const other = reader({ layers: [1], stm: "deep" });
  other.ignore("stem", "layers");
  assertThrows(() => other.finish(), RangeError, 'out of layers, stem, received "stm": "deep"');
});

Deno.test("oneOf() lists values", () => {
  assertEquals(oneOf([]), "");
  assertEquals(oneOf(["a"]), '"a"');
  assertEquals(oneOf([1, null, "a"]), '1, null or "a"');
});
