import { assert, assertEquals } from "@std/assert";
import { extractorModel } from "../../../engine/extract/extractor_model.ts";
import { input } from "../../../engine/ir/create.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";

Deno.test("extractorModel() keeps large weights in memory that threads share", () => {
  const shape = [128, 12];
  const values = Float32Array.from({ length: 128 * 12 }, (_, i) => i % 7);
  const weight = input("weight", "float32", shape);
  const graph = emit({ features: linear(input("samples", "float32", ["batch", 12]), weight) });
  const weights = new Map([["weight", { shape, values }]]);
  const { bytes, constants } = extractorModel(bakeInputs(graph, weights));
  const [held] = Object.values(constants);
  assert(held.buffer instanceof SharedArrayBuffer);
  assertEquals([...new Float32Array(held.buffer)], [...values]);
  assert(bytes.length < values.byteLength);
});
