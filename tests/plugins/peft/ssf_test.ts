import { assertThrows } from "@std/assert";
import { ones } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { ssf } from "../../../plugins/peft/ssf.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(ssf);

Deno.test("ssf throws if the encoder has no blocks, or norms without biases", () => {
  const parameters = new Parameters();
  const peft = ssf.create({}, {});
  const scope = peft.encoder(parameters.scope());
  scope.linear("fc", 2, 2);
  const none = 'expected an encoder with blocks of attention, called "blocks"';
  assertThrows(() => peft.finish?.(), RangeError, none);
  scope.child("blocks.0.norm1").parameter("weight", [2], ones);
  const unbiased = 'expected an encoder whose norms have biases, "blocks.0.norm1" has none';
  assertThrows(() => peft.finish?.(), RangeError, unbiased);
});
