import { assertEquals, assertThrows } from "@std/assert";
import { constant } from "../../../engine/ir/create.ts";
import type { Operand } from "../../../engine/ir/elementwise.ts";
import * as logic from "../../../engine/ir/logic.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { evaluate, evaluateOn, numbers } from "../_run.ts";

const comparisons: Record<
  string,
  [(a: Operand, b: Operand) => Tensor, (a: number, b: number) => boolean]
> = {
  equal: [logic.equal, (a, b) => a === b],
  greater: [logic.greater, (a, b) => a > b],
  less: [logic.less, (a, b) => a < b],
  greaterOrEqual: [logic.greaterOrEqual, (a, b) => a >= b],
};

for (const [name, [graph, plain]] of Object.entries(comparisons)) {
  Deno.test(`${name}() broadcasts and takes numbers on either side`, async () => {
    const column = { values: [0.5, 1, 2], shape: [3, 1] };
    const row = { values: [2, 0.5], shape: [2] };
    const truth = (pairs: readonly (readonly [number, number])[]) =>
      pairs.map(([a, b]) => Number(plain(a, b)));
    const both = await evaluateOn(graph, column, row);
    assertEquals([both.shape, both.dtype], [[3, 2], "bool"]);
    const pairs = column.values.flatMap((a) => row.values.map((b) => [a, b] as const));
    assertEquals(both.values, truth(pairs));
    const right = await evaluateOn((a) => graph(a, 2), column);
    assertEquals(right.values, truth(column.values.map((a) => [a, 2])));
    const left = await evaluateOn((b) => graph(2, b), row);
    assertEquals(left.values, truth(row.values.map((b) => [2, b])));
  });
}

Deno.test("and(), or() and not() work on bools", async () => {
  const truth = (values: readonly number[]) => constant(values, [4], "bool");
  const [a, b] = [truth([0, 0, 1, 1]), truth([0, 1, 0, 1])];
  const results = await evaluate([logic.and(a, b), logic.or(a, b), logic.not(a)]);
  assertEquals(results.map(({ values }) => values), [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 0, 0]]);
  assertEquals(results.map(({ dtype }) => dtype), ["bool", "bool", "bool"]);
});

Deno.test("integers of 32 bits shift and mix", async () => {
  const values = [0, 1, 0x80000001, 0xffffffff, 0x12345678];
  const x = constant(Uint32Array.from(values), [5], "uint32");
  const results = await evaluate([
    logic.shiftRight(x, 4),
    logic.bitwiseXor(x, constant([0x0f0f0f0f], [], "uint32")),
  ]);
  assertEquals(results.map((result) => result.values), [
    values.map((value) => value >>> 4),
    values.map((value) => (value ^ 0x0f0f0f0f) >>> 0),
  ]);
});

Deno.test("where() chooses, broadcasting all three", async () => {
  const a = { values: numbers(3), shape: [1, 3] };
  const { values, shape } = await evaluateOn(
    (x, a) => logic.where(logic.greater(x, 0), a, -7),
    { values: [1, -1], shape: [2, 1] },
    a,
  );
  assertEquals([shape, values], [[2, 3], [...a.values, -7, -7, -7]]);
});

Deno.test("comparisons refuse two numbers", () => {
  const message = "Cannot combine two numbers: pass a tensor";
  assertThrows(() => logic.equal(1, 2), TypeError, message);
});
