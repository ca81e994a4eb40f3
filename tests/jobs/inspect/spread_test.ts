import { assertEquals } from "@std/assert";
import { spreadOf } from "../../../jobs/inspect/spread.ts";

Deno.test("spreadOf() sums up numbers in any order", () => {
  assertEquals(spreadOf([10, 9, 100]), { min: 9, median: 10, max: 100, total: 119 });
  assertEquals(spreadOf(Int32Array.of(4)), { min: 4, median: 4, max: 4, total: 4 });
  assertEquals(spreadOf([1, 2]), { min: 1, median: 1.5, max: 2, total: 3 });
});

Deno.test("spreadOf() has nothing to say of no numbers", () => {
  assertEquals(spreadOf([]), undefined);
});
