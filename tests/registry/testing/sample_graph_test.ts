import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { ones, zeros } from "../../../engine/nn/initializers.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import {
  expectClose,
  expectNumbers,
  normals,
  runGraph,
  sampleWeights,
} from "../../../registry/testing/sample_graph.ts";

function twoParameters() {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const product = mul(scope.parameter("a", [3], zeros), frozen(scope).parameter("b", [3], ones));
  return { product, parameters: parameters.list() };
}

Deno.test("sampleWeights() moves what trains, and leaves the rest as it starts", () => {
  const { parameters } = twoParameters();
  const weights = sampleWeights(parameters, 1);
  assertEquals(weights.get("b"), Float32Array.of(1, 1, 1));
  assertEquals(weights.get("a")?.every((value) => value !== 0 && Math.abs(value) < 0.3), true);
  assertEquals(sampleWeights(parameters, 1), weights);
  assertNotEquals(sampleWeights(parameters, 2), weights);
});

Deno.test("runGraph() feeds parameters and samples", async () => {
  const { product, parameters } = twoParameters();
  const x = input("x", "float32", [3]);
  const feeds = { x: { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) } } as const;
  const graph = { outputs: { y: mul(product, x) }, parameters, differentiable: [x], feeds };
  const weights = new Map([["a", Float32Array.of(4, 5, 6)], ["b", Float32Array.of(1, 1, 2)]]);
  assertEquals((await runGraph(graph, weights)).y.data, Float32Array.of(4, 10, 36));
});

Deno.test("expectNumbers() refuses other shapes, types, and what is not finite", () => {
  const value = (...values: number[]) => ({
    dtype: "float32" as const,
    shape: [values.length],
    data: Float32Array.from(values),
  });
  expectNumbers(value(1, 2), "scores", [2]);
  const message = "scores are float32 [2], expected float32 [3]";
  assertThrows(() => expectNumbers(value(1, 2), "scores", [3]), Error, message);
  const whole = { ...value(1), dtype: "int32" as const };
  assertThrows(() => expectNumbers(whole, "scores", [1]), Error, "scores are int32 [1]");
  assertThrows(() => expectNumbers(value(0, NaN), "scores", [2]), Error, "scores hold NaN at 1");
});

Deno.test("expectClose() allows rounding, and nothing else", () => {
  expectClose([1, 100], [1.001, 100], "they differ");
  assertThrows(
    () => expectClose([1, 100], [1.1, 100], "they differ"),
    Error,
    "they differ by 0.00",
  );
  assertThrows(() => expectClose([1], [1, 2], "they differ"), Error);
  assertThrows(() => expectClose([NaN], [1], "they differ"), Error);
});

Deno.test("normals() gives the same numbers for the same seed", () => {
  assertEquals(normals(3, 1), normals(3, 1));
  assertNotEquals(normals(3, 1), normals(3, 2));
});
