import { assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { exp } from "../../../engine/ir/elementwise.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { channelRanges } from "../../../engine/onnx/channel_ranges.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { Session } from "../../../engine/runtime/session.ts";

const WIDTH = 384;

Deno.test("channelRanges() measures what goes into layers, and computes no more", async () => {
  const weight = { shape: [WIDTH, WIDTH], values: new Float32Array(WIDTH * WIDTH) };
  const x = input("x", "float32", [2, 2, WIDTH]);
  const y = exp(linear(x, input("w", "float32", [WIDTH, WIDTH])));
  for (const opset of [13, 17, 18, 21]) {
    const graph = bakeInputs({ ...emit({ y }), opset }, new Map([["w", weight]]));
    const ranges = channelRanges(graph);
    assertEquals(ranges.graph.nodes.some(({ op }) => op === "Gemm" || op === "Exp"), false);
    const session = await Session.load(encode(ranges.graph));
    const data = Float32Array.from({ length: 4 * WIDTH }, (_, i) => i - 3 * WIDTH);
    const outputs = await session.run({ x: { dtype: "float32", shape: [2, 2, WIDTH], data } });
    await session.release();
    const { name } = ranges.graph.outputs[0];
    assertEquals(
      outputs[name].data,
      Float32Array.from({ length: WIDTH }, (_, i) => Math.max(3 * WIDTH - i, i)),
    );
  }
});
