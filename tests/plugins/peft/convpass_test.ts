import { assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { convpass } from "../../../plugins/peft/convpass.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(convpass);

Deno.test("convpass throws if the encoder has no such blocks", () => {
  const peft = convpass.create(v.parse(convpass.config, {}), {});
  peft.encoder(new Parameters().scope()).linear("fc", 2, 2);
  const message = 'expected a transformer with "blocks" of a norm and a network';
  assertThrows(() => peft.finish?.(), RangeError, message);
});
