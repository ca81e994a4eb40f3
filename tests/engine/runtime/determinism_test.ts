import { assertEquals } from "@std/assert";
import { constant, input } from "../../../engine/ir/create.ts";
import * as e from "../../../engine/ir/elementwise.ts";
import { cumSum } from "../../../engine/ir/indexing.ts";
import * as m from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { numbers } from "../_run.ts";

const [ROWS, WIDTH] = [331, 131]; // Odd, so that threads get pieces that vectors do not fill.

/** Operators whose work is divided among threads. */
function operators(x: Tensor): Record<string, Tensor> {
  const positive = e.add(e.abs(x), 0.1);
  const ones = constant(Array(WIDTH).fill(1));
  return {
    mul: e.mul(x, positive),
    div: e.div(x, positive),
    pow: e.pow(positive, 1 / 3),
    exp: e.exp(x),
    log: e.log(positive),
    sqrt: e.sqrt(positive),
    reciprocal: e.reciprocal(positive),
    erf: e.erf(x),
    sin: e.sin(x),
    cos: e.cos(x),
    sigmoid: e.sigmoid(x),
    tanh: e.tanh(x),
    softplus: e.softplus(x),
    gelu: e.gelu(x),
    geluTanh: e.gelu(x, "tanh"),
    sum: m.reduceSum(x),
    sumOfRows: m.reduceSum(x, { axes: [1] }),
    sumOfColumns: m.reduceSum(x, { axes: [0] }),
    mean: m.reduceMean(x),
    sumOfSquares: m.reduceSumSquare(x),
    softmax: m.softmax(x),
    softmaxOfColumns: m.softmax(x, 0),
    logSoftmax: m.logSoftmax(x),
    layerNormalization: m.layerNormalization(x, ones, ones, 1e-5),
    cumSum: cumSum(x, 0),
    gram: m.gemm(x, x, { transA: true }),
    matMul: m.matMul(m.gemm(x, x, { transA: true }), constant(Array(WIDTH).fill(0.3), [WIDTH, 1])),
  };
}

Deno.test("operators on two threads give the same bits in every run", async () => {
  const x = input("x", "float32", ["rows", WIDTH]);
  const session = await Session.create(operators(x), { threads: 2 });
  const data = Float32Array.from(numbers(ROWS * WIDTH, 5, [-3, 3]));
  const run = async () => {
    const results = await session.run({ x: { dtype: "float32", shape: [ROWS, WIDTH], data } });
    return Object.entries(results).map(([name, { data }]) => {
      const { buffer, byteOffset, length } = data as Float32Array<ArrayBuffer>;
      return [name, new Uint32Array(buffer, byteOffset, length)] as const;
    });
  };
  const first = await run();
  const changed = new Set<string>();
  for (let repetition = 0; repetition < 30; repetition++) {
    for (const [index, [name, bits]] of (await run()).entries()) {
      const expected = first[index][1];
      for (let i = 0; i < bits.length; i++) if (bits[i] !== expected[i]) changed.add(name);
    }
  }
  await session.release();
  assertEquals([...changed], []);
});
