import { assert, assertEquals, assertThrows } from "@std/assert";
import { constant } from "../../../engine/ir/create.ts";
import * as e from "../../../engine/ir/elementwise.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { DType } from "../../../engine/ir/types.ts";
import { relativeError } from "../../_golden.ts";
import { evaluate, evaluateOn, inputsOf, sample } from "../_run.ts";

const POINTS = [-3, -1, -0.5, -0.125, 0, 0.25, 0.5, 1, 2, 4];

/** Gauss error function by its Taylor series, good to float64 for the points above. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

const unary: Record<string, [(x: Tensor) => Tensor, (x: number) => number, boolean?]> = {
  neg: [e.neg, (x) => -x],
  abs: [e.abs, Math.abs],
  sign: [e.sign, Math.sign],
  exp: [e.exp, Math.exp],
  log: [e.log, Math.log, true],
  sqrt: [e.sqrt, Math.sqrt, true],
  reciprocal: [e.reciprocal, (x) => 1 / x, true],
  erf: [e.erf, erf],
  sin: [e.sin, Math.sin],
  cos: [e.cos, Math.cos],
  relu: [e.relu, (x) => Math.max(x, 0)],
  sigmoid: [e.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  tanh: [e.tanh, Math.tanh],
  softplus: [e.softplus, (x) => Math.log1p(Math.exp(x))],
  gelu: [e.gelu, (x) => x * (1 + erf(x / Math.SQRT2)) / 2],
  geluTanh: [
    (x) => e.gelu(x, "tanh"),
    (x) => x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  detach: [e.detach, (x) => x],
};

for (const [name, [graph, plain, positive]] of Object.entries(unary)) {
  Deno.test(`${name}() is its function entry by entry`, async () => {
    const values = positive ? POINTS.filter((x) => x > 0) : POINTS;
    const result = await evaluateOn((x) => graph(x), { values, shape: [values.length] });
    assert(relativeError(result.values, values.map(plain)) <= 1e-6, `${result.values}`);
  });
}

const binary: Record<
  string,
  [(a: e.Operand, b: e.Operand) => Tensor, (a: number, b: number) => number]
> = {
  add: [e.add, (a, b) => a + b],
  sub: [e.sub, (a, b) => a - b],
  mul: [e.mul, (a, b) => a * b],
  div: [e.div, (a, b) => a / b],
  pow: [e.pow, (a, b) => a ** b],
  max: [e.max, Math.max],
  min: [e.min, Math.min],
};

for (const [name, [graph, plain]] of Object.entries(binary)) {
  Deno.test(`${name}() broadcasts and takes numbers on either side`, async () => {
    const column = { values: [0.5, 1, 2], shape: [3, 1] };
    const row = { values: [2, 0.5], shape: [2] };
    const both = await evaluateOn(graph, column, row);
    const pairs = column.values.flatMap((a) => row.values.map((b) => [a, b] as const));
    assertEquals(both.shape, [3, 2]);
    assert(relativeError(both.values, pairs.map(([a, b]) => plain(a, b))) <= 1e-6);
    const right = await evaluateOn((a) => graph(a, 2), column);
    assert(relativeError(right.values, column.values.map((a) => plain(a, 2))) <= 1e-6);
    const left = await evaluateOn((b) => graph(2, b), row);
    assert(relativeError(left.values, row.values.map((b) => plain(2, b))) <= 1e-6);
  });
}

Deno.test("integers of 32 bits wrap around", async () => {
  const values = [0, 1, 0x80000001, 0xffffffff, 0x12345678];
  const x = constant(Uint32Array.from(values), [5], "uint32");
  const results = await evaluate([e.mul(x, constant([0x9e3779b9], [], "uint32")), e.add(x, x)]);
  assertEquals(results.map((result) => result.values), [
    values.map((value) => Math.imul(value, 0x9e3779b9) >>> 0),
    values.map((value) => (value + value) >>> 0),
  ]);
});

Deno.test("cast() converts, and leaves tensors of that type alone", async () => {
  const [x] = inputsOf([sample([2])]);
  assertEquals(e.cast(x, "float32"), x);
  for (const dtype of ["int64", "int32", "uint8"] satisfies DType[]) {
    const result = await evaluateOn((x) => e.cast(x, dtype), { values: [2.75, 3], shape: [2] });
    assertEquals([result.dtype, result.values], [dtype, [2, 3]]);
  }
});

Deno.test("softplus() and sigmoid() do not overflow", async () => {
  const x = { values: [-200, 200], shape: [2] };
  assertEquals((await evaluateOn((x) => e.softplus(x), x)).values, [0, 200]);
  assertEquals((await evaluateOn((x) => e.sigmoid(x), x)).values.map(Math.round), [0, 1]);
});

Deno.test("elementwise functions refuse two numbers", () => {
  const message = "Cannot combine two numbers: pass a tensor";
  assertThrows(() => e.add(1, 2), TypeError, message);
});
