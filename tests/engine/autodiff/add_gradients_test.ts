import { assertEquals } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { add, exp, mul } from "../../../engine/ir/elementwise.ts";
import { slice } from "../../../engine/ir/indexing.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { evaluate, feedsOf, inputsOf, sample } from "../_run.ts";

const x = sample([2, 6]);

type Part = readonly [start: number, end: number];

/** The gradient of Σ k · exp(part k), by parts of the last axis, and what it is computed with. */
async function gradientOfParts(parts: readonly Part[]) {
  const inputs = inputsOf([x]);
  const terms = parts.map(([start, end], i) =>
    reduceSum(mul(exp(slice(inputs[0], 1, start, end)), i + 1))
  );
  const [dx] = gradients(terms.reduce((sum, term) => add(sum, term)), inputs);
  const [{ values }] = await evaluate([dx], feedsOf([x]));
  const used = emit({ dx }).nodes.filter(({ op }) => ["Pad", "Concat", "Add"].includes(op));
  return { values, used: used.map(({ op, inputs }) => `${op} ${inputs.length}`).sort() };
}

function expected(parts: readonly Part[]): number[] {
  return x.values.map((value, at) => {
    const column = at % 6;
    const factors = parts.map(([start, end], i) => start <= column && column < end ? i + 1 : 0);
    return Math.fround(Math.fround(Math.exp(value)) * factors.reduce((a: number, b) => a + b, 0));
  });
}

function close(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => Math.abs(value - b[i]) <= 1e-5 * Math.abs(b[i]));
}

Deno.test("addGradients() joins what flows back through slices side by side", async () => {
  const cases: [Part[], string[]][] = [
    [[[0, 2], [2, 4], [4, 6]], ["Concat 3"]],
    [[[4, 6], [2, 4], [0, 2]], ["Concat 3"]],
    [[[0, 1], [1, 3]], ["Concat 2", "Pad 2"]],
    [[[1, 3], [3, 5]], ["Concat 2", "Pad 2"]],
  ];
  for (const [parts, used] of cases) {
    const found = await gradientOfParts(parts);
    assertEquals(found.used, used);
    assertEquals(close(found.values, expected(parts)), true);
  }
});

Deno.test("addGradients() adds what overlaps or lies apart", async () => {
  for (const parts of [[[0, 3], [2, 6]], [[0, 1], [3, 6]], [[0, 6], [2, 4]]] as Part[][]) {
    const { values, used } = await gradientOfParts(parts);
    assertEquals(used.includes("Add 2"), true);
    assertEquals(close(values, expected(parts)), true);
  }
});

Deno.test("addGradients() adds slices of different axes", async () => {
  const inputs = inputsOf([x]);
  const total = (part: Tensor) => reduceSum(exp(part));
  const loss = add(total(slice(inputs[0], 0, 0, 1)), total(slice(inputs[0], 1, 1, 6)));
  const [{ values }] = await evaluate(gradients(loss, inputs), feedsOf([x]));
  const factors = x.values.map((_, at) => Number(at < 6) + Number(at % 6 > 0));
  assertEquals(close(values, x.values.map((value, at) => Math.exp(value) * factors[at])), true);
});
