import { assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, cast, detach, exp, mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { replaceableInPlace } from "../../../engine/train/in_place.ts";

const a = input("a", "float32", [3]);
const b = input("b", "float32", [3]);
const x = input("x", "float32", [3]);

/** Which of the inputs `a` and `b` may share a buffer with the outputs `next a` and `next b`. */
function inPlace(outputs: Readonly<Record<string, Tensor>>): string {
  const replacements = ["a", "b"].filter((name) => `next ${name}` in outputs)
    .map((name) => ({ input: name, output: `next ${name}` }));
  const found = replaceableInPlace(emit(outputs), replacements);
  return [...found].map(({ input }) => input).join();
}

Deno.test("replaceableInPlace() allows one elementwise reader that the new value depends on", () => {
  assertEquals(inPlace({ "next a": add(a, x) }), "a");
  assertEquals(inPlace({ "next a": exp(add(mul(a, 0.5), x)) }), "a");
  assertEquals(inPlace({ "next a": mul(a, a) }), "a");
  const next = add(mul(a, 0.5), x);
  assertEquals(inPlace({ y: mul(next, x), "next a": next }), "a");
});

Deno.test("replaceableInPlace() allows values that nobody reads, and copies of themselves", () => {
  assertEquals(inPlace({ "next a": mul(x, 2) }), "a");
  assertEquals(inPlace({ "next a": a }), "a");
  assertEquals(inPlace({ "next a": detach(a) }), "a");
});

Deno.test("replaceableInPlace() allows no two readers, however they read", () => {
  assertEquals(inPlace({ "next a": add(mul(a, 0.5), x), y: mul(a, 2) }), "");
  assertEquals(inPlace({ "next a": add(a, x), y: a }), "");
  const through = detach(a);
  assertEquals(inPlace({ "next a": add(through, x), y: mul(through, 2) }), "");
  assertEquals(inPlace({ "next a": add(through, x), y: through }), "");
});

Deno.test("replaceableInPlace() allows no reader that mixes entries or may come too late", () => {
  assertEquals(inPlace({ "next a": mul(reduceSum(a), x) }), "");
  assertEquals(inPlace({ "next a": cast(cast(a, "float16"), "float32") }), "");
  assertEquals(inPlace({ "next a": mul(x, 2), y: mul(a, 0.5) }), "");
});

Deno.test("replaceableInPlace() looks at every value for itself", () => {
  assertEquals(inPlace({ "next a": add(a, x), "next b": reduceSum(b) }), "a");
  assertEquals(inPlace({ "next a": b, "next b": a }), "");
  assertEquals(inPlace({ "next a": b, "next b": add(b, x) }), "a");
  assertEquals(inPlace({ "next a": add(a, b), "next b": mul(x, 2) }), "a");
  const sum = add(a, b);
  assertEquals(inPlace({ "next a": sum, "next b": sum }), "a,b");
});
