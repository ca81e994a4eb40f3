import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { gemm } from "../../../engine/ir/matrix.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { splitProducts } from "../../../engine/onnx/split_products.ts";
import { EXACT_INTEGERS } from "../../_integer_kernels.ts";
import {
  bias,
  exactly,
  INPUTS,
  layer,
  normals,
  operators,
  OUTPUTS,
  relativeError,
  run,
  weights,
} from "./_linear_layers.ts";

/** Of a layer with normally distributed rows and weights, relative. */
const MAX_ERROR = 1e-4;

/** Rounds to the 10 bits of TensorFloat-32's mantissa. */
function tf32(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
  return unit * Math.round(value / unit);
}

Deno.test("splitProducts() replaces a wide layer and its weights", () => {
  const graph = splitProducts(layer());
  assert(operators(graph).has("MatMulIntegerToFloat"));
  assert(!operators(graph).has("Gemm"));
  const large = graph.initializers.filter(({ values }) => values.length > OUTPUTS);
  assertEquals(large.map(({ dtype, shape }) => [dtype, ...shape]), [
    ["int8", INPUTS, OUTPUTS],
    ["int8", 2 * INPUTS, OUTPUTS],
  ]);
  assert(large.every(({ values }) => values.buffer instanceof SharedArrayBuffer));
});

Deno.test("splitProducts() leaves other layers as they are", () => {
  const x = input("x", "float32", ["rows", INPUTS]);
  const w = input("w", "float32", [INPUTS, INPUTS]);
  const square = new Map([["w", { shape: [INPUTS, INPUTS], values: normals(INPUTS ** 2) }]]);
  const others = [
    layer({ inputs: 383 }),
    layer({ outputs: 383 }),
    emit({ y: linear(x, w) }), // its weights are fed
    bakeInputs(emit({ y: gemm(x, w, { transB: true, alpha: 2 }) }), square),
  ];
  for (const graph of others) assertStrictEquals(splitProducts(graph), graph);
});

Deno.test({
  name: "splitProducts() is a few times as exact as TensorFloat-32",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const x = normals(50 * INPUTS);
    const expected = exactly(x);
    const error = relativeError(await run(splitProducts(layer({}, weights, null)), x), expected);
    assert(error < MAX_ERROR);
    assert(3 * error < relativeError(exactly(x.map(tf32), { w: weights.map(tf32) }), expected));
    const shifted = await run(splitProducts(layer()), x);
    assert(relativeError(shifted, exactly(x, { b: bias })) < MAX_ERROR);
  },
});

Deno.test({
  name: "splitProducts() gives every row and every output a scale of its own",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const x = normals(3 * INPUTS);
    const scaled = x.map((value, i) => value * [1e-6, 1, 1e6][Math.floor(i / INPUTS)]);
    const graph = splitProducts(layer({}, weights, null));
    const [found, expected] = [await run(graph, scaled), exactly(scaled)];
    for (let row = 0; row < 3; row++) {
      const part = [row * OUTPUTS, (row + 1) * OUTPUTS] as const;
      assert(relativeError(found.subarray(...part), expected.subarray(...part)) < MAX_ERROR);
      const alone = await run(graph, scaled.slice(row * INPUTS, (row + 1) * INPUTS));
      assertEquals(alone, found.slice(...part));
    }
    const factors = weights.map((value, i) => i < INPUTS ? value * 1e-6 : value);
    const outputs = await run(splitProducts(layer({}, factors, null)), x);
    assert(Math.abs(outputs[0] * 1e6 - exactly(x)[0]) < 1e-2);
  },
});

Deno.test({
  name: "splitProducts() keeps zeros, and does not hide what is not finite",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const x = new Float32Array(4 * INPUTS);
    x.fill(NaN, INPUTS, 2 * INPUTS);
    x.fill(1, 2 * INPUTS);
    x[2 * INPUTS + 7] = Infinity;
    const y = await run(splitProducts(layer()), x);
    assertEquals(y.slice(0, OUTPUTS), bias);
    for (const row of [1, 2]) {
      assert(y.subarray(row * OUTPUTS, (row + 1) * OUTPUTS).every((v) => !Number.isFinite(v)));
    }
    assert(y.subarray(3 * OUTPUTS).every(Number.isFinite));

    const broken = weights.slice();
    broken[INPUTS + 3] = NaN; // of output 1
    const row = await run(splitProducts(layer({}, broken)), normals(INPUTS));
    assertEquals([...row].flatMap((value, i) => Number.isNaN(value) ? [i] : []), [1]);
  },
});
