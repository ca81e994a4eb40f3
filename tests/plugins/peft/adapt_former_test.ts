import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { adaptFormer } from "../../../plugins/peft/adapt_former.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(adaptFormer);

Deno.test("adapt_former throws if the encoder has no such blocks", () => {
  const peft = adaptFormer.create(v.parse(adaptFormer.config, {}), {});
  peft.encoder(new Parameters().scope()).linear("fc", 2, 2);
  const message = 'expected a transformer with "blocks" of a norm and a network';
  assertThrows(() => peft.finish?.(), RangeError, message);
});
