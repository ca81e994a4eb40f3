import { assert, assertEquals, assertThrows } from "@std/assert";
import { constant, input } from "../../../engine/ir/create.ts";
import { add, cast, div, mul, relu, sqrt } from "../../../engine/ir/elementwise.ts";
import { gather } from "../../../engine/ir/indexing.ts";
import { greater, where } from "../../../engine/ir/logic.ts";
import { layerNormalization, matMul, reduceSum, softmax } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { withHalfArithmetic } from "../../../engine/onnx/half_arithmetic.ts";
import { valueTypes } from "../../../engine/onnx/value_types.ts";
import { Session } from "../../../engine/runtime/session.ts";

const x = input("x", "float32", ["rows", 4]);
const w = input("w", "float32", [4, 4]);

function baked(y: Tensor, values: readonly number[] = Array(16).fill(0.1)): OnnxGraph {
  return bakeInputs(
    emit({ y }),
    new Map([["w", { shape: [4, 4], values: Float32Array.from(values) }]]),
  );
}

/** What each operator of a graph gives, casts left out. */
function typesOf(graph: OnnxGraph): string[] {
  const types = valueTypes(graph);
  return graph.nodes.filter(({ op }) => op !== "Cast")
    .map(({ op, outputs: [name] }) => `${op} ${types.get(name)}`);
}

async function compute(graph: OnnxGraph, values: readonly number[]): Promise<number[]> {
  const session = await Session.compile(graph);
  const data = Float32Array.from(values);
  const { y } = await session.run({ x: { dtype: "float32", shape: [values.length / 4, 4], data } });
  await session.release();
  assert(y.data instanceof Float32Array);
  return [...y.data];
}

Deno.test("withHalfArithmetic() computes products in float16, and norms in float32", () => {
  const hidden = relu(
    matMul(layerNormalization(x, constant([1, 1, 1, 1]), constant([0, 0, 0, 0]), 1e-6), w),
  );
  const graph = withHalfArithmetic(baked(softmax(add(hidden, 1), -1)));
  assertEquals(typesOf(graph), [
    "LayerNormalization float32",
    "MatMul float16",
    "Relu float16",
    "Add float16",
    "Softmax float32",
  ]);
  assertEquals([graph.inputs[0].dtype, graph.outputs[0].dtype], ["float32", "float32"]);
  const large = graph.initializers.filter(({ values }) => values.length === 16);
  assertEquals(large.map(({ name, dtype }) => [name, dtype]), [["w.float16", "float16"]]);
});

Deno.test("withHalfArithmetic() rounds to float16 what it computes in it", async () => {
  const graph = baked(matMul(x, w));
  const values = [1, 2, 3, 4.001];
  const [exact] = await compute(graph, values);
  const [half] = await compute(withHalfArithmetic(graph), values);
  const error = Math.abs(half - exact) / exact;
  assert(error > 1e-6 && error < 1e-3, `${error}`);
});

Deno.test("withHalfArithmetic() keeps squares and quotients in range", async () => {
  // 300 × 300 is no float16, nor is 1 / 1e-7 of what passes.
  const length = sqrt(reduceSum(mul(x, x), { axes: [-1], keepdims: true }));
  const graph = withHalfArithmetic(baked(matMul(div(x, length), w)));
  assertEquals(typesOf(graph).slice(0, 4), [
    "Mul float32",
    "ReduceSum float32",
    "Sqrt float32",
    "Div float32",
  ]);
  const found = await compute(graph, [300, 300, 300, 300]);
  assert(found.every((value) => Math.abs(value - 0.2) < 1e-3), `${found}`);
});

Deno.test("withHalfArithmetic() computes in float32 what follows from constants", async () => {
  // As a batch normalisation's 1 / √(variance + 1e-5): 1e-5 has few digits in float16.
  const scale = div(1, sqrt(add(mul(w, 1e-6), 1e-5)));
  const graph = withHalfArithmetic(baked(matMul(x, scale)));
  assertEquals(typesOf(graph).filter((type) => type.endsWith("float16")), ["MatMul float16"]);
  const [found] = await compute(graph, [1, 0, 0, 0]);
  const expected = 1 / Math.sqrt(1e-5 + 1e-7);
  assert(Math.abs(found - expected) / expected < 1e-3, `${found}`);
});

Deno.test("withHalfArithmetic() leaves indices and truths alone", async () => {
  const rows = gather(x, cast(constant([1, 0]), "int64"));
  const graph = withHalfArithmetic(baked(matMul(where(greater(rows, 2), rows, 0), w)));
  assert(typesOf(graph).includes("Greater bool"));
  const found = await compute(graph, [1, 1, 1, 1, 4, 4, 4, 4]);
  assertEquals(
    found.map((value) => value.toFixed(1)),
    [..."1111"].map(() => "1.6").concat([..."1111"].map(() => "0.0")),
  );
});

Deno.test("withHalfArithmetic() names a weight beyond float16", () => {
  assertThrows(
    () => withHalfArithmetic(baked(matMul(x, w), [...Array(15).fill(0), 1e5])),
    RangeError,
    'Cannot store "w" as float16: its value 100000 is beyond ±65504',
  );
  const masked = baked(add(x, constant([-Infinity, 0, 0, 0])));
  assertEquals(typesOf(withHalfArithmetic(masked)), ["Add float16"]);
});
