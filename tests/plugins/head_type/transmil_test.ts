import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { transmil } from "../../../plugins/head_type/transmil.ts";
import { bagBatch, ModelRun } from "./_clam.ts";
import { assertClose, testAgainstPyTorch, testDropout } from "./_mil.ts";

const SMALL = { dim: 8, heads: 2, num_landmarks: 5 };

testAgainstPyTorch(transmil);
testDropout(transmil, { ...SMALL, dropout: 0.5 });

Deno.test("transmil has the published sizes by default", () => {
  assertEquals(v.parse(transmil.config, {}), {
    dim: 512,
    heads: 8,
    num_landmarks: 256,
    pinv_iterations: 6,
    dropout: 0.1,
  });
});

Deno.test("transmil refuses heads that do not divide the width", () => {
  const scope = new Parameters().scope();
  const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
  assertThrows(
    () => transmil.create(v.parse(transmil.config, { heads: 7 }), { ...task, embedDim: 4, scope }),
    RangeError,
    "expected heads that divide dim 512, received 7",
  );
});

Deno.test("transmil's bags of 1 to 40 instances have in one batch the loss that they have alone", async () => {
  const head = { ...SMALL, dropout: 0 };
  const size = { embed_dim: 3, num_classes: 2, head, plugin: transmil };
  await using run = await ModelRun.create(size, true);
  const lengths = Array.from({ length: 40 }, (_, index) => index + 1);
  const batch = bagBatch(lengths, 3);
  const { loss, logits, ...together } = await run.run(batch, { gradients: true });
  const sums: Record<string, number[]> = {};
  let start = 0;
  for (const [bag, length] of lengths.entries()) {
    const features = batch.features.slice(start * 3, (start + length) * 3);
    start += length;
    const single = { ...bagBatch([length], 3, [bag % 2]), features };
    for (const [name, values] of Object.entries(await run.run(single, { gradients: true }))) {
      if (name === "logits") assertClose(values, logits.slice(bag * 2, bag * 2 + 2), 1e-4, name);
      sums[name] = values.map((value, i) => value / lengths.length + (sums[name]?.[i] ?? 0));
    }
  }
  assertClose(sums.loss, loss, 1e-5, "loss");
  for (const [name, values] of Object.entries(together)) {
    assertClose(sums[name], values, 1e-4, name);
  }
});
