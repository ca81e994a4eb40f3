import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { input, scalar } from "../../../engine/ir/create.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { precomputed } from "../../../plugins/encoder_type/precomputed.ts";

function create(feature_dim: number, sampleShape: readonly number[]) {
  const parameters = new Parameters();
  const context = { scope: parameters.scope(), sampleShape, source: "train.h5" };
  const encoder = precomputed.create({ feature_dim }, context);
  assertEquals(parameters.list(), []);
  return encoder;
}

Deno.test("precomputed passes features on", async () => {
  const encoder = await create(4, [4]);
  assertEquals([encoder.output, encoder.embedDim], ["features", 4]);
  const features = input("features", "float32", ["batch", 4]);
  const context = { training: true, random: new RandomStream(scalar(0, "uint32")) };
  assertStrictEquals(encoder.forward(features, context), features);
});

Deno.test("precomputed wants features of the width that was announced", () => {
  const cases: [number[], string][] = [[[5], "5"], [[3, 2, 2], "3×2×2"]];
  for (const [shape, found] of cases) {
    const error = assertThrows(() => create(4, shape), DataError);
    assertEquals(
      error.message,
      `Cannot use "train.h5": its features are ${found} wide, model.encoder.feature_dim is 4`,
    );
    assertEquals(error.file, "train.h5");
  }
});
