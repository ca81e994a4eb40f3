import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { fourierft } from "../../../plugins/peft/fourierft.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(fourierft);

Deno.test("fourierft refuses more frequencies than a layer has weights", () => {
  const peft = fourierft.create(v.parse(fourierft.config, {}), {});
  const block = peft.encoder(new Parameters().scope()).child("blocks.0.attn");
  const message = 'expected layers with at least 1000 weights, "blocks.0.attn.qkv" has 432 weights';
  assertThrows(() => block.linear("qkv", 12, 36), RangeError, message);
});
