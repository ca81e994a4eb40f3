import { assertEquals } from "@std/assert";
import { encode } from "../../../engine/onnx/encode.ts";
import { GraphWriter } from "../../../engine/onnx/graph_writer.ts";
import { Session } from "../../../engine/runtime/session.ts";

Deno.test("GraphWriter writes attributes, constants and casts", async () => {
  const writer = new GraphWriter("w");
  const double = writer.cast("x", "double");
  const rounded = writer.cast(writer.add("Round", [double]), "int64");
  const turned = writer.add("Transpose", [rounded], { perm: [1, 0] });
  const sum = writer.add("Add", [turned, writer.int64s([10])]);
  writer.add("Concat", [writer.cast(sum, "float32"), writer.float32s([0.5, 0.25], [1, 2])], {
    axis: 0,
  }, "y");
  const value = (name: string, shape: readonly number[]) =>
    ({ name, dtype: "float32", shape }) as const;
  const graph = writer.finish([value("x", [2, 1])], [value("y", [2, 2])]);
  const session = await Session.load(encode(graph));
  const x = { dtype: "float32", shape: [2, 1], data: Float32Array.of(1.5, 2.5) } as const;
  const { y } = await session.run({ x });
  await session.release();
  assertEquals([...y.data], [12, 12, 0.5, 0.25]);
});
