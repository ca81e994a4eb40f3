import { assertEquals } from "@std/assert";
import { Parameters } from "../../../engine/nn/scope.ts";
import { fullFinetuning } from "../../../plugins/peft/full_finetuning.ts";

Deno.test("full_finetuning trains encoder and head", () => {
  const parameters = new Parameters();
  const peft = fullFinetuning.create({}, {});
  peft.encoder(parameters.scope().child("encoder")).linear("fc", 2, 2);
  peft.head(parameters.scope().child("head")).linear("fc", 2, 2);
  assertEquals(parameters.list().map(({ trainable }) => trainable), [true, true, true, true]);
});
