import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { input, scalar } from "../../../../engine/ir/create.ts";
import { dropPath, dropPathRates } from "../../../../engine/nn/vision/drop_path.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { EVALUATION } from "../../../_timm.ts";
import { evaluate } from "../../_run.ts";

Deno.test("dropPath() leaves out whole samples and scales the others", async () => {
  const [samples, width] = [400, 3];
  const x = input("x", "float32", ["batch", width, 1]);
  const context = { training: true, random: new RandomStream(scalar(3, "uint32")) };
  const data = new Float32Array(samples * width).fill(3);
  const feeds = { x: { dtype: "float32", shape: [samples, width, 1], data } } as const;
  const [{ values, shape }] = await evaluate([dropPath(x, 0.25, context)], feeds);
  assertEquals(shape, [samples, width, 1]);
  let kept = 0;
  for (let row = 0; row < samples; row++) {
    const found = values.slice(row * width, (row + 1) * width);
    assert(found.every((value) => value === found[0] && (value === 0 || value === 4)));
    kept += Number(found[0] > 0);
  }
  assert(Math.abs(kept / samples - 0.75) < 0.07, `${kept} of ${samples} are kept`);
});

Deno.test("dropPath() does nothing in evaluation and at rate 0", () => {
  const x = input("x", "float32", ["batch", 3]);
  assertStrictEquals(dropPath(x, 0.5, EVALUATION), x);
  assertStrictEquals(dropPath(x, 0, { ...EVALUATION, training: true }), x);
});

Deno.test("dropPathRates() grow from 0 to the rate", () => {
  assertEquals(dropPathRates(0.5, 5), [0, 0.125, 0.25, 0.375, 0.5]);
  assertEquals(dropPathRates(0.5, 1), [0]);
});
