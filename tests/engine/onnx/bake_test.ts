import { assertEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { Session } from "../../../engine/runtime/session.ts";

const graph = emit({
  y: linear(input("x", "float32", ["batch", 2]), input("w", "float32", [3, 2])),
});
const values = Float32Array.of(1, 2, 3, 4, 5, 6);
const x = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 10) } as const;

Deno.test("bakeInputs() fixes inputs to values", async () => {
  const baked = bakeInputs(
    graph,
    new Map([["w", { shape: [3, 2], values }], ["other", {
      shape: [1],
      values: new Float32Array(1),
    }]]),
  );
  assertEquals(baked.inputs.map(({ name }) => name), ["x"]);
  assertEquals(baked.initializers.map(({ name }) => name), ["w"]);
  const session = await Session.load(encode(baked));
  const { y } = await session.run({ x });
  assertEquals(y.data, Float32Array.of(21, 43, 65));
  await session.release();
});

Deno.test("bakeInputs() refuses values of another shape", () => {
  const error = assertThrows(
    () => bakeInputs(graph, new Map([["w", { shape: [2, 3], values }]])),
    TypeError,
  );
  assertEquals(error.message, 'Cannot fix input "w" [3, 2]: its value is [2, 3]');
});
