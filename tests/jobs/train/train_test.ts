import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ConfigError } from "../../../registry/errors.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import {
  checkpointBytes,
  inFolder,
  listenTo,
  namesIn,
  ofType,
  readRunJson,
  runConfig,
  runTrain,
  writeSplits,
} from "../../_training.ts";

const NOISY = {
  "model.head.dropout": "0.5",
  "training.gradient_accumulation_steps": "2",
  "dataloading.batch_size": "8",
};

interface MetricsJson {
  readonly train: Record<string, number>[];
  readonly val: Record<string, number>[];
  readonly test?: Record<string, number>;
}

Deno.test("train() gives the same bytes for the same seed, whatever the number of workers", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const bytes: Record<string, Uint8Array> = {};
    const flags: Record<string, Record<string, string>> = {
      first: {},
      again: {},
      "1 worker": { "dataloading.num_workers": "1" },
      "2 workers": { "dataloading.num_workers": "2", "dataloading.prefetch_factor": "3" },
      "another seed": { "training.seed": "1" },
    };
    for (const [name, given] of Object.entries(flags)) {
      const { directory } = await runTrain(files, { ...NOISY, ...given });
      bytes[name] = checkpointBytes(directory);
    }
    assertEquals(bytes.again, bytes.first);
    assertEquals(bytes["1 worker"], bytes.first);
    assertEquals(bytes["2 workers"], bytes.first);
    assertNotEquals(bytes["another seed"], bytes.first);
  });
});

Deno.test("train() leaves a run directory with records, numbers and checkpoints", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory, done } = await runTrain(files, { "training.epochs": "3" });
    const relative = directory.slice(join(folder, "experiments").length + 1);
    const group = "\\d{8}_\\d{6}_precomputed_classification_full_finetuning_[0-9a-f]{8}";
    assert(new RegExp(`^precomputed_features/${group}/0$`).test(relative), relative);
    assertEquals(await namesIn(directory), [
      "checkpoints",
      "config.json",
      "metrics.json",
      "metrics_test.json",
      "metrics_val.json",
      "predictions_test.csv",
      "predictions_val.csv",
      "resolved_config.json",
      "runtime_info.json",
    ]);
    assertEquals(await namesIn(join(directory, "checkpoints")), [
      "best.pt",
      "epoch_0000.pt",
      "epoch_0001.pt",
      "epoch_0002.pt",
      "last.pt",
    ]);
    assertEquals(checkpointBytes(directory), checkpointBytes(directory, "epoch_0002"));
    const best = `epoch_000${done.bestEpoch}`;
    assertEquals(checkpointBytes(directory, "best"), checkpointBytes(directory, best));
    const { train, val, test } = readRunJson<MetricsJson>(directory, "metrics.json");
    assertEquals(train.map(({ epoch }) => epoch), [0, 1, 2]);
    assertEquals(Object.keys(train[0]), [
      "epoch",
      "lr",
      "train_loss",
      "train_Accuracy",
      "train_F1",
    ]);
    assertEquals(Object.keys(val[2]), ["epoch", "val_loss", "val_Accuracy", "val_F1"]);
    assertEquals(Object.keys(test!), ["test_loss", "test_Accuracy", "test_F1"]);
    assertEquals(test, done.test);
    assertEquals(done.bestValue, Math.max(...val.map(({ val_Accuracy }) => val_Accuracy)));
    const info = readRunJson(directory, "runtime_info.json");
    assertEquals([info.deno, info.plugins], [Deno.version.deno, []]);
    assert(Number(info.seconds) > 0);
  });
});

Deno.test("train() writes the config that it built from, which builds the same run again", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { ...NOISY, "training.seed": "none" };
    const { directory } = await runTrain(files, flags);
    const asked = readRunJson<{ training: { seed: null } }>(directory, "config.json");
    assertEquals(asked.training.seed, null);
    assertEquals<unknown>(asked, runConfig(files, flags));
    const built = readRunJson<{ training: { seed: number } }>(directory, "resolved_config.json");
    assertEquals<unknown>(
      { ...asked, training: { ...asked.training, seed: built.training.seed } },
      built,
    );
    const { config, notices } = resolveConfig({ file: built }, registry);
    assertEquals<unknown>([config, notices], [built, []]);
    const again = await listenTo(config);
    assertNotEquals(again.directory, directory);
    assertEquals(checkpointBytes(again.directory), checkpointBytes(directory));
  });
});

Deno.test("train() writes no checkpoints where none are wanted, and tests the best weights", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    // Learns fast, then breaks its weights: the best epoch is not the last one.
    const flags = { "training.epochs": "6", "optimizer.lr": "3", "optimizer.scheduler": "none" };
    const without = { ...flags, "training.enable_checkpointing": "false" };
    const saved = await runTrain(files, flags);
    const unsaved = await runTrain(files, without);
    assert(saved.done.bestEpoch < 5, `best epoch ${saved.done.bestEpoch}`);
    assertEquals(await namesIn(join(unsaved.directory, "checkpoints")), []);
    const { directory: _saved, ...expected } = saved.done;
    const { directory: _unsaved, ...found } = unsaved.done;
    assertEquals(found, expected);

    const best = await runTrain(files, {
      ...flags,
      "training.init_checkpoint": join(saved.directory, "checkpoints", "best.pt"),
      "data.val_features_file": files.test,
      "training.epochs": "1",
      "optimizer.lr": "1e-30",
    });
    const { test_loss, test_Accuracy, test_F1 } = saved.done.test!;
    const [{ val }] = ofType(best.events, "epoch");
    assertEquals(val, { val_loss: test_loss, val_Accuracy: test_Accuracy, val_F1: test_F1 });
  });
});

Deno.test("train() chooses the best checkpoint by the value that is asked for", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "training.epochs": "6", "optimizer.lr": "3", "optimizer.scheduler": "none" };
    for (const name of ["val_loss", "loss", "val_F1", "Accuracy"]) {
      const { done, events } = await runTrain(files, {
        ...flags,
        "training.best_checkpoint_metric": name,
      });
      const logged = `val_${name.replace("val_", "")}`;
      const values = ofType(events, "epoch").map(({ val }) => val[logged]);
      const best = logged === "val_loss" ? Math.min(...values) : Math.max(...values);
      assertEquals([done.bestMetric, done.bestValue], [logged, best]);
      assertEquals(done.bestEpoch, values.indexOf(best));
      const marked = ofType(events, "epoch").findLast(({ best }) => best);
      assertEquals(marked?.epoch, done.bestEpoch);
    }
  });
});

Deno.test("train() does not write over a run", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "logger.group": "mine", "training.epochs": "1" };
    const { directory } = await runTrain(files, flags);
    assertEquals(directory, join(folder, "experiments/precomputed_features/mine/0"));
    const before = checkpointBytes(directory);
    const error = await assertRejects(
      () => runTrain(files, { ...flags, "training.seed": "5" }),
      ConfigError,
    );
    assertEquals(
      error.message,
      'logger.group: expected the name of a new group, received "mine": ' +
        `"${directory}" holds a run, which --training.resume continues`,
    );
    assertEquals(checkpointBytes(directory), before);
    const other = await runTrain(files, { ...flags, "data.fold": "1" });
    assertEquals(other.directory, join(folder, "experiments/precomputed_features/mine/1"));
  });
});
