import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import * as m from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { relativeError } from "../../_golden.ts";
import { evaluateOn, type Sample, sample } from "../_run.ts";

/** `op(A) op(B)` in float64. */
function product(a: Sample, b: Sample, [transA, transB] = [false, false]): number[] {
  const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const columns = transB ? b.shape[0] : b.shape[1];
  const left = (i: number, k: number) => a.values[transA ? k * rows + i : i * inner + k];
  const right = (k: number, j: number) => b.values[transB ? j * inner + k : k * columns + j];
  return Array.from({ length: rows * columns }, (_, index) => {
    const [i, j] = [Math.floor(index / columns), index % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += left(i, k) * right(k, j);
    return sum;
  });
}

Deno.test("gemm() transposes, scales and adds", async () => {
  for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]]) {
    const a = sample(transA ? [4, 2] : [2, 4]);
    const b = sample(transB ? [3, 4] : [4, 3], { seed: 2 });
    const c = sample([3], { seed: 3 });
    const options = { transA, transB, alpha: 2, beta: -0.5 };
    const result = await evaluateOn((a, b, c) => m.gemm(a, b, { c, ...options }), a, b, c);
    const expected = product(a, b, [transA, transB]).map((value, i) => (
      2 * value - 0.5 * c.values[i % 3]
    ));
    assertEquals(result.shape, [2, 3]);
    assert(relativeError(result.values, expected) <= 1e-6);
  }
});

Deno.test("matMul() broadcasts over leading axes", async () => {
  const [a, b] = [sample([2, 1, 2, 3]), sample([2, 3, 2], { seed: 2 })];
  const { shape, values } = await evaluateOn(m.matMul, a, b);
  assertEquals(shape, [2, 2, 2, 2]);
  const part = (x: Sample, index: number, rows: number, columns: number): Sample => {
    const size = rows * columns;
    return { values: x.values.slice(index * size, (index + 1) * size), shape: [rows, columns] };
  };
  const expected = [[0, 0], [0, 1], [1, 0], [1, 1]].flatMap(([i, j]) => (
    product(part(a, i, 2, 3), part(b, j, 3, 2))
  ));
  assert(relativeError(values, expected) <= 1e-6);
});

const sums: Record<
  string,
  [(x: Tensor, options?: m.ReduceOptions) => Tensor, (values: readonly number[]) => number]
> = {
  reduceSum: [m.reduceSum, (values) => values.reduce((a, b) => a + b, 0)],
  reduceMean: [m.reduceMean, (values) => values.reduce((a, b) => a + b, 0) / values.length],
  reduceMax: [m.reduceMax, (values) => Math.max(...values)],
  reduceMin: [m.reduceMin, (values) => Math.min(...values)],
  reduceSumSquare: [m.reduceSumSquare, (values) => values.reduce((a, b) => a + b * b, 0)],
};

for (const [name, [reduce, plain]] of Object.entries(sums)) {
  Deno.test(`${name}() reduces all axes or those named`, async () => {
    const x = sample([2, 3]);
    const rows = [x.values.slice(0, 3), x.values.slice(3)];
    const columns = [0, 1, 2].map((column) => rows.map((row) => row[column]));
    const cases: [m.ReduceOptions | undefined, number[], number[]][] = [
      [undefined, [], [plain(x.values)]],
      [{ axes: [0] }, [3], columns.map(plain)],
      [{ axes: [-1], keepdims: true }, [2, 1], rows.map(plain)],
      [{ axes: [1, 0], keepdims: true }, [1, 1], [plain(x.values)]],
    ];
    for (const [options, shape, expected] of cases) {
      const result = await evaluateOn((x) => reduce(x, options), x);
      assertEquals(result.shape, shape);
      assert(relativeError(result.values, expected) <= 1e-6);
    }
  });

  Deno.test(`${name}() of no axes works entry by entry`, async () => {
    const x = { values: [-3, 2], shape: [2] };
    const { values } = await evaluateOn((x) => reduce(x, { axes: [] }), x);
    assertEquals(values, x.values.map((value) => plain([value])));
    const one = await evaluateOn((x) => reduce(x), { values: [-3], shape: [] });
    assertEquals(one.values, [plain([-3])]);
  });
}

Deno.test("reductions of no axes give the tensor itself", () => {
  const x = input("x", "float32", [2]);
  assertStrictEquals(m.reduceSum(x, { axes: [] }), x);
});

Deno.test("argMax() is the first of equal ones", async () => {
  const x = { values: [1, 3, 3, 5, 0, 5], shape: [2, 3] };
  const { values, dtype } = await evaluateOn((x) => m.argMax(x), x);
  assertEquals([dtype, values], ["int64", [1, 0]]);
  const kept = await evaluateOn((x) => m.argMax(x, 0, true), x);
  assertEquals([kept.shape, kept.values], [[1, 3], [1, 0, 1]]);
});

Deno.test("softmax() and logSoftmax() work along any axis without overflow", async () => {
  const x = { values: [1000, 0, 1000, 0, 1000, 1000], shape: [3, 2] };
  const rows = await evaluateOn((x) => m.softmax(x), x);
  assertEquals(rows.values, [1, 0, 1, 0, 0.5, 0.5]);
  const columns = await evaluateOn((x) => m.softmax(x, 0), x);
  const third = Math.fround(1 / 3);
  assertEquals(columns.values.map(Math.fround), [third, 0, third, 0, third, 1]);
  const logarithms = await evaluateOn((x) => m.logSoftmax(x, -1), x);
  assertEquals(logarithms.values.slice(0, 2), [0, -1000]);
});

Deno.test("layerNormalization() centres and scales the last axis", async () => {
  const { values } = await evaluateOn(
    (x, weight, bias) => m.layerNormalization(x, weight, bias, 0),
    { values: [1, 3, -2, 6], shape: [2, 2] },
    { values: [1, 2], shape: [2] },
    { values: [0.5, 0], shape: [2] },
  );
  assert(relativeError(values, [-0.5, 2, -0.5, 2]) <= 1e-6, `${values}`);
});
