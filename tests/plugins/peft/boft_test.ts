import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { boft } from "../../../plugins/peft/boft.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(boft);

Deno.test("boft refuses layers that its blocks do not divide", () => {
  const peft = boft.create(v.parse(boft.config, {}), {});
  const block = peft.encoder(new Parameters().scope()).child("blocks.0.attn");
  const message =
    'expected layers with inputs in blocks of 8, the 12 inputs of "blocks.0.attn.qkv"';
  assertThrows(() => block.linear("qkv", 12, 36), RangeError, message);
});
