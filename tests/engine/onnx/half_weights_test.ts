import { assertEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { withHalfWeights } from "../../../engine/onnx/half_weights.ts";
import { Session } from "../../../engine/runtime/session.ts";

function withWeights(...values: number[]) {
  const { length } = values;
  const [x, w] = ["x", "w"].map((name) => input(name, "float32", [length]));
  const graph = emit({ y: add(x, w) });
  return bakeInputs(
    graph,
    new Map([["w", { shape: [length], values: Float32Array.from(values) }]]),
  );
}

Deno.test("withHalfWeights() rounds constants to float16, and computes in float32", async () => {
  const values = Array.from({ length: 20 }, (_, at) => 0.1 * at);
  const session = await Session.load(encode(withHalfWeights(withWeights(...values))));
  const x = { dtype: "float32", shape: [20], data: new Float32Array(20).fill(1e-6) } as const;
  const { y } = await session.run({ x });
  await session.release();
  assertEquals(
    [...y.data],
    [...Float32Array.from(Float16Array.from(values), (value) => Math.fround(value + 1e-6))],
  );
});

Deno.test("withHalfWeights() leaves small constants, and names what float16 cannot hold", () => {
  const small = withWeights(1, 2);
  assertEquals(withHalfWeights(small).initializers, small.initializers);
  const large = withWeights(...new Array(19).fill(0), 1e5);
  assertThrows(
    () => withHalfWeights(large),
    RangeError,
    'Cannot store "w" as float16: its value 100000 is beyond ±65504',
  );
});
