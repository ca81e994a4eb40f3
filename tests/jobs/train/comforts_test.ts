import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { ConfigError } from "../../../registry/errors.ts";
import { bagFlags, writeBagSplits } from "../../_bags.ts";
import {
  checkpointBytes,
  inFolder,
  ofType,
  readRunJson,
  runTrain,
  writeSplits,
} from "../../_training.ts";

/** A learning rate at which the validation loss soon gets worse. */
const STOPPING = {
  "optimizer.lr": "0.5",
  "optimizer.scheduler": "none",
  "training.epochs": "30",
  "training.early_stopping.metric": "val_loss",
  "training.early_stopping.patience": "3",
};

Deno.test("early stopping ends the run `patience` epochs after the best one", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done, events, directory } = await runTrain(files, STOPPING);
    const { val } = readRunJson<{ val: { val_loss: number }[] }>(directory, "metrics.json");
    const losses = val.map(({ val_loss }) => val_loss);
    const best = losses.indexOf(Math.min(...losses));
    assert(val.length < 30);
    assertEquals(val.length, best + 1 + 3);
    assertEquals([done.bestMetric, done.bestEpoch], ["val_loss", best]);
    assert(ofType(events, "notice").some(({ message }) => message.includes("did not get better")));
  });
});

Deno.test("early stopping trains min_epochs in any case", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { ...STOPPING, "training.early_stopping.min_epochs": "25" };
    const { directory } = await runTrain(files, flags);
    assertEquals(readRunJson<{ val: unknown[] }>(directory, "metrics.json").val.length, 25);
  });
});

Deno.test("a run that stopped early does not go on when it is resumed", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory } = await runTrain(files, STOPPING);
    const before = checkpointBytes(directory);
    await runTrain(files, { ...STOPPING, "training.resume": directory });
    assertEquals(checkpointBytes(directory), before);
  });
});

Deno.test("weighted sampling and max_instances are reproducible by seed and workers", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const flags = bagFlags({
      "dataloading.weighted_sampling": "true",
      "data.max_instances": "4",
      "model.head.dropout": "0.25",
      "model.head.attn_drop": "0.3",
      "model.head.instance_eval": "true",
      "model.head.stochastic_topk": "true",
    });
    const runs = [];
    for (const workers of ["0", "1", "2"]) {
      const { directory } = await runTrain(files, { ...flags, "dataloading.num_workers": workers });
      runs.push(checkpointBytes(directory));
    }
    assertEquals(runs[1], runs[0]);
    assertEquals(runs[2], runs[0]);
    const { directory } = await runTrain(files, { ...flags, "data.max_instances": "5" });
    assert(String(checkpointBytes(directory)) !== String(runs[0]));
    assertEquals(dirname(directory) !== join(folder, "experiments"), true);
  });
});

Deno.test("comforts that do not fit the data are refused with the field's name", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    await assertRejects(
      () => runTrain(files, { "data.max_instances": "4" }),
      ConfigError,
      "data.max_instances: expected bags",
    );
    await assertRejects(
      () => runTrain(files, { "training.early_stopping.metric": "val_los" }),
      ConfigError,
      'training.early_stopping.metric: expected one of "val_Accuracy", "val_F1", "val_loss"',
    );
    const regression = {
      "data.task": "Regression",
      "data.num_classes": "1",
      "model.head.head_type": "regression",
      "dataloading.weighted_sampling": "true",
    };
    await assertRejects(
      () => runTrain(files, regression),
      ConfigError,
      "dataloading.weighted_sampling: expected one class per sample",
    );
  });
});
