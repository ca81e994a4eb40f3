import { assertThrows } from "@std/assert";
import { Parameters } from "../../../engine/nn/scope.ts";
import { partialFinetuning } from "../../../plugins/peft/partial_finetuning.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(partialFinetuning);

Deno.test("partial_finetuning throws if the encoder has no blocks", () => {
  const peft = partialFinetuning.create({ num_frozen_layers: 0 }, {});
  peft.encoder(new Parameters().scope()).linear("fc", 2, 2);
  const message = 'expected an encoder with layers called "blocks"';
  assertThrows(() => peft.finish?.(), RangeError, message);
});
