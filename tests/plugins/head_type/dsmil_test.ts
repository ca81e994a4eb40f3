import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { dsmil } from "../../../plugins/head_type/dsmil.ts";
import { bagBatch, ModelRun } from "./_clam.ts";
import { testAgainstPyTorch, testDropout } from "./_mil.ts";

testAgainstPyTorch(dsmil);
testDropout(dsmil, { passing_v: true, dropout_v: 0.5 });

const SIZE = { embed_dim: 5, num_classes: 3, plugin: dsmil };

Deno.test("dsmil has the published options by default", () => {
  assertEquals(v.parse(dsmil.config, {}), {
    nonlinear: true,
    passing_v: false,
    dropout_v: 0,
    max_loss_weight: 1,
  });
});

Deno.test("dsmil refuses regression", () => {
  const scope = new Parameters().scope();
  const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
  assertThrows(
    () => dsmil.create(v.parse(dsmil.config, {}), { ...task, embedDim: 4, scope }),
    RangeError,
    "expected a head for Regression",
  );
});

Deno.test("dsmil weighs the loss of the best instances, and leaves it out at weight 0", async () => {
  const batch = bagBatch([4, 1, 9], 5);
  await using whole = await ModelRun.create({ ...SIZE, head: {} }, true);
  await using half = await ModelRun.create({ ...SIZE, head: { max_loss_weight: 0.5 } }, true);
  const [first, second] = [await whole.run(batch), await half.run(batch)];
  assertAlmostEquals(second.max[0], first.max[0] / 2, 1e-6);
  assertAlmostEquals(second.loss[0], second.task[0] + second.max[0], 1e-6);
  const { graph } = await ModelRun.create({ ...SIZE, head: { max_loss_weight: 0 } }, true);
  assertEquals(graph.output.losses, undefined);
});

Deno.test("dsmil evaluates the bag stream alone", async () => {
  const { graph } = await ModelRun.create({ ...SIZE, head: {} }, false);
  assertEquals(graph.output.losses, undefined);
  assertEquals(graph.output.attention?.shape, [3, "instances"]);
});
