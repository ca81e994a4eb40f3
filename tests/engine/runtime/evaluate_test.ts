import { assertEquals, assertRejects } from "@std/assert";
import { constant, input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { evaluate } from "../../../engine/runtime/evaluate.ts";

Deno.test("evaluate() computes a tensor of constants", async () => {
  const sum = add(constant([1, 2, 3, 4], [2, 2]), constant([10, 20]));
  assertEquals(await evaluate(sum), {
    dtype: "float32",
    shape: [2, 2],
    data: Float32Array.of(11, 22, 13, 24),
  });
});

Deno.test("evaluate() takes what inputs are fed with, and names one that is not", async () => {
  const x = input("x", "float32", ["batch", 2]);
  const fed = { dtype: "float32", shape: [1, 2], data: Float32Array.of(3, 4) } as const;
  assertEquals((await evaluate(mul(x, 2), { x: fed })).data, Float32Array.of(6, 8));
  await assertRejects(() => evaluate(mul(x, 2)), TypeError, 'input "x" is not fed');
});
