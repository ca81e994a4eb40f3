import { assertEquals } from "@std/assert";
import { makeDivisible } from "../../../../engine/nn/vision/make_divisible.ts";

Deno.test("makeDivisible() rounds to the nearest multiple, and up where much would be lost", () => {
  assertEquals([1, 11, 12, 19.9, 20].map((width) => makeDivisible(width)), [8, 16, 16, 24, 24]);
  assertEquals(makeDivisible(27), 32); // 24 is less than nine tenths of 27
  assertEquals(makeDivisible(27, { limit: 0 }), 24);
  assertEquals([7, 24, 40].map((width) => makeDivisible(width, { divisor: 16 })), [16, 32, 48]);
});
