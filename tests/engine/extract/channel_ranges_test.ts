import { assert, assertEquals } from "@std/assert";
import { measureChannels } from "../../../engine/extract/channel_ranges.ts";
import { input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";

const WIDTH = 384;

function graphOf(made: (x: Tensor) => Tensor): OnnxGraph {
  const weight = { shape: [WIDTH, WIDTH], values: new Float32Array(WIDTH * WIDTH) };
  const factors = { shape: [WIDTH], values: new Float32Array(WIDTH).fill(1) };
  factors.values[7] = 50;
  const images = input("samples", "float32", ["batch", 3, 16, 8]);
  const channels = mul(reshape(images, ["batch", WIDTH]), input("factors", "float32", [WIDTH]));
  const y = linear(made(channels), input("w", "float32", [WIDTH, WIDTH]));
  return bakeInputs(emit({ y }), new Map([["w", weight], ["factors", factors]]));
}

Deno.test("measureChannels() finds the channels that stand out, the same ones each time", async () => {
  const graph = graphOf((x) => x);
  const measured = [...await measureChannels(graph)];
  assertEquals(measured.length, 1);
  const [[, values]] = measured;
  const others = values.filter((_, channel) => channel !== 7);
  assert(values[7] > 2 * Math.max(...others));
  assert(others.reduce((sum, value) => sum + value ** 2, 0) / others.length > 0.1);
  assertEquals([...await measureChannels(graph)], measured);
});

Deno.test("measureChannels() knows nothing of graphs with more inputs", async () => {
  const graph = graphOf((x) => add(x, input("more", "float32", [WIDTH])));
  assertEquals((await measureChannels(graph)).size, 0);
});
