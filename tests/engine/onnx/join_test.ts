import { assertEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, exp, mul } from "../../../engine/ir/elementwise.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { joinGraphs, withPrefix } from "../../../engine/onnx/join.ts";
import { Session } from "../../../engine/runtime/session.ts";

const x = input("x", "float32", ["n"]);
const shared = new Set(["x"]);

Deno.test("joinGraphs() feeds the outputs of some graphs to others", async () => {
  const parts = [mul(x, 2), add(x, 5)].map((y, at) => withPrefix(emit({ y }), `m${at}.`, shared));
  const [a, b] = ["m0.y", "m1.y"].map((name) => input(name, "float32", ["n"]));
  const joined = joinGraphs([...parts, emit({ sum: add(a, b) })], ["sum", "m1.y"]);
  assertEquals(joined.inputs.map(({ name }) => name), ["x"]);
  const session = await Session.load(encode(joined));
  const found = await session.run({
    x: { dtype: "float32", shape: [2], data: Float32Array.of(1, 10) },
  });
  await session.release();
  assertEquals([...found.sum.data], [8, 35]);
  assertEquals([...found["m1.y"].data], [6, 15]);
});

Deno.test("joinGraphs() refuses graphs that do not fit", () => {
  const graph = emit({ y: exp(x) });
  const other = emit({ z: exp(input("x", "float32", [3])) });
  assertThrows(() => joinGraphs([graph, graph], ["y"]), TypeError, 'two of them make "y"');
  assertThrows(
    () => joinGraphs([graph, withPrefix(other, "o.", shared)], ["y"]),
    TypeError,
    '"x" is float32 [n] in one and float32 [3] in another',
  );
  assertThrows(() => joinGraphs([graph], ["w"]), TypeError, 'none of them has the output "w"');
});
