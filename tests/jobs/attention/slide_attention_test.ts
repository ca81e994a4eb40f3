import { assertEquals } from "@std/assert";
import { percentilesOf, scoresByClass, topTiles } from "../../../jobs/attention/slide_attention.ts";

Deno.test("percentilesOf() ranks as scipy's rankdata", () => {
  const values = Float32Array.of(5, 1, 1, 1, 9);
  assertEquals([...percentilesOf(values)], [80, 40, 40, 40, 100]);
  assertEquals([...percentilesOf(Float32Array.of(7))], [100]);
  assertEquals(percentilesOf(new Float32Array(0)).length, 0);
});

Deno.test("topTiles() keeps the order of equal ones", () => {
  const weights = Float32Array.of(0.1, 0.4, 0.1, 0.4);
  assertEquals(topTiles({ weights }, 3), [1, 3, 0]);
  assertEquals(topTiles({ weights }, 9).length, 4);
});

Deno.test("scoresByClass() cuts the instances of a slide out of its bag, and names classes", () => {
  const scores = Float32Array.of(0.5, 0.25, 0.125, 1, 0, 0.75);
  const of = { numClasses: 2, classNames: ["normal"], start: 1, end: 3 };
  assertEquals([...scoresByClass(scores, of)], [
    ["normal", Float32Array.of(0.125, 0)],
    ["1", Float32Array.of(1, 0.75)],
  ]);
  assertEquals(scoresByClass(undefined, of).size, 0);
});
