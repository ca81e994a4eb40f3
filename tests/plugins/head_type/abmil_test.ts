import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { abmil } from "../../../plugins/head_type/abmil.ts";
import { bagBatch, ModelRun } from "./_clam.ts";
import { testAgainstPyTorch, testDropout } from "./_mil.ts";

testAgainstPyTorch(abmil);
testDropout(abmil, { hidden_dim: 16, attention_dim: 8, dropout: 0.5 });
testDropout(abmil, { hidden_dim: 16, attention_dim: 8, dropout: 0.5, gated: false });
testDropout(abmil, { hidden_dim: 16, attention_dim: 8, input_dropout: 0.5 });

Deno.test("abmil is gated, with one head and without dropout, by default", () => {
  assertEquals(v.parse(abmil.config, {}), {
    hidden_dim: 512,
    attention_dim: 128,
    gated: true,
    heads: 1,
    input_dropout: 0,
    dropout: 0,
  });
});

Deno.test("abmil takes 100,000 instances", async () => {
  const head = { hidden_dim: 8, attention_dim: 4 };
  await using run = await ModelRun.create(
    { embed_dim: 4, num_classes: 2, head, plugin: abmil },
    true,
  );
  const { logits, loss } = await run.run(bagBatch([60_000, 40_000], 4));
  assert([...logits, ...loss].every(Number.isFinite));
});
