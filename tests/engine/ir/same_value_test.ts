import { assertEquals } from "@std/assert";
import { constant, input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { slice, topK } from "../../../engine/ir/indexing.ts";
import { isSameValue } from "../../../engine/ir/same_value.ts";

Deno.test("isSameValue() compares operators, attributes, constants and outputs", () => {
  const [x, w] = ["x", "w"].map((name) => input(name, "float32", [3]));
  const sum = () => add(mul(x, w), constant([1, 2, 3]));
  assertEquals(isSameValue(sum(), sum()), true);
  assertEquals(isSameValue(sum(), add(mul(w, x), constant([1, 2, 3]))), false);
  assertEquals(isSameValue(sum(), add(mul(x, w), constant([1, 2, 4]))), false);
  assertEquals(isSameValue(sum(), add(mul(x, w), constant([1, 2, 3], [1, 3]))), false);
  assertEquals(isSameValue(sum(), mul(x, w)), false);
  assertEquals(isSameValue(slice(x, 0, 0, 2), slice(x, 0, 0, 2)), true);
  assertEquals(isSameValue(slice(x, 0, 0, 2), slice(x, 0, 1, 3)), false);
  const { values, indices } = topK(x, 2);
  assertEquals([isSameValue(values, values), isSameValue(values, indices)], [true, false]);
});
