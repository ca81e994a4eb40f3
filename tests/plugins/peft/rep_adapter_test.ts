import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { repAdapter } from "../../../plugins/peft/rep_adapter.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(repAdapter);

Deno.test("rep_adapter throws if the encoder has no blocks of attention", () => {
  const peft = repAdapter.create(v.parse(repAdapter.config, {}), {});
  peft.encoder(new Parameters().scope()).linear("fc", 2, 2);
  const message = 'expected an encoder with blocks of attention, called "blocks"';
  assertThrows(() => peft.finish?.(), RangeError, message);
});
