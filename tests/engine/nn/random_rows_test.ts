import { assert, assertEquals, assertThrows } from "@std/assert";
import { scalar } from "../../../engine/ir/create.ts";
import { gather } from "../../../engine/ir/indexing.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { evaluateOn, indices, sample } from "../_run.ts";

const stream = (seed = 9) => new RandomStream(scalar(seed, "uint32"));
const whole = sample([50, 7], { between: [1, 2], declared: ["rows", 7] });
const all = indices(Array.from({ length: 50 }, (_, row) => row), [50], ["rows"]);
const some = indices([31, 4, 4, 49], [4], ["some"]);

Deno.test("RandomRows.dropout() drops a row the same way on its own", async () => {
  const dropped = (x: Tensor, row: Tensor) => stream().rows().dropout(x, row, 0.4);
  const expected = (x: Tensor, row: Tensor, some: Tensor) => gather(dropped(x, row), some);
  const alone = (x: Tensor, some: Tensor) => dropped(gather(x, some), some);
  const { values } = await evaluateOn(alone, whole, some);
  assertEquals(values, (await evaluateOn(expected, whole, all, some)).values);
  assert(values.includes(0) && values.some((value) => value > 1));
});

Deno.test("RandomRows.dropout() is RandomStream.dropout() on all rows", async () => {
  const byRows = (x: Tensor, row: Tensor) => stream().rows().dropout(x, row, 0.4);
  const { values } = await evaluateOn(byRows, whole, all);
  assertEquals(values, (await evaluateOn((x) => stream().dropout(x, 0.4), whole)).values);
});

Deno.test("RandomRows.normal() gives a row the same numbers on its own", async () => {
  const normal = (x: Tensor, row: Tensor) => stream().rows().normal(x, row);
  const expected = (x: Tensor, row: Tensor, some: Tensor) => gather(normal(x, row), some);
  const alone = (x: Tensor, some: Tensor) => normal(gather(x, some), some);
  const { values } = await evaluateOn(alone, whole, some);
  assertEquals(values, (await evaluateOn(expected, whole, all, some)).values);
  assertEquals(values.slice(7, 14), values.slice(14, 21));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert(Math.abs(mean) < 0.6);
});

Deno.test("RandomStream.rows() reserves streams of its own", async () => {
  const first = (x: Tensor, row: Tensor) => stream().rows().normal(x, row);
  const second = (x: Tensor, row: Tensor) => {
    const random = stream();
    random.rows();
    return random.rows().normal(x, row);
  };
  const [a, b] = [await evaluateOn(first, whole, all), await evaluateOn(second, whole, all)];
  assert(a.values.every((value, i) => value !== b.values[i]));
});

Deno.test("RandomRows.dropout() refuses a rate beyond 1", async () => {
  await evaluateOn((x) => {
    assertThrows(() => stream().rows().dropout(x, x, 1.5), RangeError, "expected 0 to 1");
    return x;
  }, whole);
});
