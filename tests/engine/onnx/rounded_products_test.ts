import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, gelu, mul } from "../../../engine/ir/elementwise.ts";
import { gemm, layerNormalization, matMul } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { roundProducts } from "../../../engine/onnx/rounded_products.ts";
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
const MAX_ERROR = 1.5e-2;
const ROWS = 20;
/** Channels that stand out, and by how much. */
const OUTLIERS = [3, 77, 200];
const FACTOR = 40;

Deno.test("roundProducts() replaces a wide layer and its weights", () => {
  const graph = roundProducts(layer());
  assert(!operators(graph).has("Gemm"));
  const large = graph.initializers.filter(({ values }) => values.length > OUTPUTS);
  assertEquals(large.map(({ dtype, shape }) => [dtype, ...shape]), [["int8", INPUTS, OUTPUTS]]);
  assert(large.every(({ values }) => values.buffer instanceof SharedArrayBuffer));
  const narrow = layer({ inputs: 383 });
  assertStrictEquals(roundProducts(narrow), narrow);
});

Deno.test({
  name: "roundProducts() rounds both sides to 8 bits",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const x = normals(ROWS * INPUTS);
    const error = relativeError(await run(roundProducts(layer()), x), exactly(x, { b: bias }));
    assert(error > 1e-3 && error < MAX_ERROR, `${error}`);
  },
});

Deno.test({
  name: "roundProducts() takes products of any layout and rank",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const turned = new Float32Array(INPUTS * OUTPUTS);
    for (let at = 0; at < turned.length; at++) {
      turned[at] = weights[(at % OUTPUTS) * INPUTS + Math.floor(at / OUTPUTS)];
    }
    const x = normals(2 * 3 * INPUTS);
    const expected = exactly(x);
    const w = input("w", "float32", [INPUTS, OUTPUTS]);
    const baked = new Map([["w", { shape: [INPUTS, OUTPUTS], values: turned }]]);
    const rows = input("x", "float32", ["rows", INPUTS]);
    const cube = input("x", "float32", ["rows", 3, INPUTS]);
    for (const [y, shape] of [[gemm(rows, w), [6]], [matMul(cube, w), [2, 3]]] as const) {
      const graph = roundProducts(bakeInputs(emit({ y }), baked));
      assert(operators(graph).has("MatMulIntegerToFloat"));
      const found = await run(graph, x, [...shape, INPUTS]);
      assert(relativeError(found, expected) < MAX_ERROR);
    }
  },
});

/** A layer behind something with a weight and a bias. */
function behind(
  made: (x: Tensor, weight: Tensor, bias: Tensor) => Tensor,
  { other = false } = {},
): OnnxGraph {
  const vector = (name: string) => input(name, "float32", [INPUTS]);
  const before = made(input("x", "float32", ["rows", INPUTS]), vector("scale"), vector("shift"));
  const after = linear(before, input("w", "float32", [OUTPUTS, INPUTS]));
  const values = normals(INPUTS, 5);
  for (const channel of OUTLIERS) values[channel] = FACTOR;
  return bakeInputs(
    emit({ y: after, ...other && { z: add(before, 1) } }),
    new Map([
      ["w", { shape: [OUTPUTS, INPUTS], values: weights }],
      ["scale", { shape: [INPUTS], values }],
      ["shift", { shape: [INPUTS], values: normals(INPUTS, 6) }],
    ]),
  );
}

/** What is known of the layer's `x`: the channels that stand out, and the others. */
function ranges(graph: OnnxGraph): ReadonlyMap<string, Float32Array> {
  const values = new Float32Array(INPUTS).fill(3);
  for (const channel of OUTLIERS) values[channel] = 3 * FACTOR;
  const { inputs: [x] } = graph.nodes.find(({ op }) => op === "Gemm")!;
  return new Map([[x, values]]);
}

const normalized = (x: Tensor, weight: Tensor, bias: Tensor) =>
  layerNormalization(x, weight, bias, 1e-6);

async function errors(graph: OnnxGraph): Promise<readonly [plain: number, balanced: number]> {
  const x = normals(ROWS * INPUTS);
  const expected = Float64Array.from(await run(graph, x));
  const plain = await run(roundProducts(graph), x);
  const balanced = await run(roundProducts(graph, { largest: ranges(graph) }), x);
  return [relativeError(plain, expected), relativeError(balanced, expected)];
}

Deno.test({
  name: "roundProducts() balances channels within the normalisation before",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const graph = behind(normalized);
    const [plain, balanced] = await errors(graph);
    assert(balanced < MAX_ERROR && 1.5 * balanced < plain, `${plain} ${balanced}`);
    const count = (op: string) => {
      const { nodes } = roundProducts(graph, { largest: ranges(graph) });
      return nodes.filter((node) => node.op === op).length;
    };
    assertEquals(count("Mul"), roundProducts(graph).nodes.filter(({ op }) => op === "Mul").length);
  },
});

Deno.test({
  name: "roundProducts() balances channels by a product of its own where others read them",
  ignore: !EXACT_INTEGERS,
  async fn() {
    const activated: typeof normalized = (x, weight, bias) => gelu(add(mul(x, weight), bias));
    for (const graph of [behind(normalized, { other: true }), behind(activated)]) {
      const muls = (made: OnnxGraph) => made.nodes.filter(({ op }) => op === "Mul").length;
      const balanced = roundProducts(graph, { largest: ranges(graph) });
      assertEquals(muls(balanced), muls(roundProducts(graph)) + 1);
      const [before, after] = await errors(graph);
      assert(after < MAX_ERROR && 1.5 * after < before, `${before} ${after}`);
    }
  },
});

Deno.test("roundProducts() leaves channels alone that differ little", () => {
  const graph = behind((x, weight, bias) => add(mul(x, weight), bias));
  const largest = new Map(
    [...ranges(graph)].map(([name, values]) => [name, values.map((value) => Math.min(value, 9))]),
  );
  assertEquals(roundProducts(graph, { largest }).nodes, roundProducts(graph).nodes);
});
