import { assertEquals } from "@std/assert";
import { Parameters } from "../../../engine/nn/scope.ts";
import { linearProbing } from "../../../plugins/peft/linear_probing.ts";
import { checkpointBytes, inFolder, runTrain, writeSplits } from "../../_training.ts";

Deno.test("linear_probing trains the head only", () => {
  const parameters = new Parameters();
  const peft = linearProbing.create({}, {});
  peft.encoder(parameters.scope().child("encoder")).linear("fc", 2, 2);
  peft.head(parameters.scope().child("head")).linear("fc", 2, 2);
  assertEquals(parameters.list().map(({ trainable }) => trainable), [false, false, true, true]);
});

Deno.test("linear_probing is the same as full_finetuning on precomputed features", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const full = await runTrain(files);
    const probe = await runTrain(files, { "peft.method": "linear_probing" });
    assertEquals(checkpointBytes(probe.directory), checkpointBytes(full.directory));
  });
});
