import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { namedLayer } from "../../../engine/nn/wrap_scope.ts";
import { visualPromptTuning } from "../../../plugins/peft/visual_prompt_tuning.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(visualPromptTuning);

function declare(options: Readonly<Record<string, unknown>>, blocks: number) {
  const parameters = new Parameters();
  const peft = visualPromptTuning.create(v.parse(visualPromptTuning.config, options), {});
  const scope = peft.encoder(parameters.scope());
  scope.linear("patch_embed.proj", 2, 2);
  for (let i = 0; i < blocks; i++) namedLayer(scope, `blocks.${i}`, 4, (x) => x);
  return { peft, parameters };
}

Deno.test("visual_prompt_tuning has a row for each listed block", () => {
  const { peft, parameters } = declare({ deep_layers: [2, 0, 2], num_tokens: 3 }, 3);
  peft.finish?.();
  const found = parameters.list().filter(({ trainable }) => trainable);
  assertEquals(found.map(({ name, shape }) => [name, shape]), [
    ["prompt_embeddings", [1, 3, 4]],
    ["deep_prompt_embeddings", [2, 3, 4]],
  ]);
});

Deno.test("visual_prompt_tuning throws if the encoder has not the blocks", () => {
  const none = 'expected a transformer with "blocks" of tokens';
  assertThrows(() => declare({}, 0).peft.finish?.(), RangeError, none);
  const beyond = "expected deep_layers below 2, the blocks, received 2";
  assertThrows(() => declare({ deep_layers: [0, 2] }, 2).peft.finish?.(), RangeError, beyond);
});
