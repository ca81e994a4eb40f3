import { assertEquals, assertThrows } from "@std/assert";
import { Parameters } from "../../../engine/nn/scope.ts";
import { gps } from "../../../plugins/peft/gps.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(gps);

function maskOf(name: string, shape: readonly number[], gradient: readonly number[], kept = 1) {
  const { calibration } = gps.create({ gps_topk_per_row: kept }, {});
  return [...calibration!.mask({ name, shape, gradient: Float32Array.from(gradient) })];
}

Deno.test("gps chooses the largest gradients of each row, of equal ones the first", () => {
  assertEquals(maskOf("fc.weight", [2, 3], [1, -2, 2, 0, 0, 0.5]), [0, 1, 0, 0, 0, 1]);
  assertEquals(maskOf("fc.weight", [2, 3], [1, -2, 2, 5, 1, 4], 2), [0, 1, 1, 1, 0, 1]);
  assertEquals(maskOf("conv.weight", [2, 1, 2, 1], [1, 3, 4, -5]), [0, 1, 0, 1]);
  assertEquals(maskOf("fc.weight", [1, 2], [1, 3], 9), [1, 1]);
});

Deno.test("gps takes biases whole, and nothing of vectors or without a gradient", () => {
  assertEquals(maskOf("fc.bias", [2], [0, 0]), [1, 1]);
  assertEquals(maskOf("ls1.gamma", [2], [0, 1]), [1, 1]);
  assertEquals(maskOf("bn1.weight", [2], [1, 2]), [0, 0]);
  assertEquals(maskOf("fc.weight", [1, 2], [0, 0]), [0, 0]);
});

Deno.test("gps throws if the encoder has no weights", () => {
  const peft = gps.create({ gps_topk_per_row: 1 }, {});
  peft.encoder(new Parameters().scope()).child("blocks.0");
  assertThrows(() => peft.finish?.(), RangeError, "expected an encoder with weights");
});
