import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { fact } from "../../../plugins/peft/fact.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(fact);

Deno.test("fact throws if the encoder has no blocks of attention", () => {
  const peft = fact.create(v.parse(fact.config, {}), {});
  peft.encoder(new Parameters().scope()).linear("fc", 2, 2);
  const message = 'expected an encoder with blocks of attention, called "blocks"';
  assertThrows(() => peft.finish?.(), RangeError, message);
});
