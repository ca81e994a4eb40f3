import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { TrainingError } from "../../../engine/errors.ts";
import type { Dataset as SampleSource } from "../../../registry/plugin.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { train } from "../../../registry/builder/train.ts";
import {
  checkpointBytes,
  type Dataset,
  inFolder,
  listenTo,
  ofType,
  readRunJson,
  runConfig,
  runTrain,
  writeSplits,
} from "../../_training.ts";
import { Random } from "../../../engine/random.ts";

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

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
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
    const best = `epoch_000${done.best_epoch}`;
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
    assertEquals(done.best_value, Math.max(...val.map(({ val_Accuracy }) => val_Accuracy)));
    const info = readRunJson(directory, "runtime_info.json");
    assertEquals([info.deno, info.plugins], [Deno.version.deno, []]);
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
    assert(saved.done.best_epoch < 5, `best epoch ${saved.done.best_epoch}`);
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
      assertEquals([done.best_metric, done.best_value], [logged, best]);
      assertEquals(done.best_epoch, values.indexOf(best));
      const marked = ofType(events, "epoch").findLast(({ best }) => best);
      assertEquals(marked?.epoch, done.best_epoch);
    }
  });
});

Deno.test("train() refuses what does not fit before it writes anything", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const cases: [Record<string, string>, string][] = [
      [
        { "training.best_checkpoint_metric": "val_Acuracy" },
        'training.best_checkpoint_metric: expected one of "val_Accuracy", "val_F1", "val_loss", ' +
        'received "val_Acuracy", did you mean "val_Accuracy"?',
      ],
      [
        { "dataloading.drop_last_train": "true", "dataloading.batch_size": "61" },
        `dataloading.drop_last_train: no batch is left of the 60 samples of "${files.train}", ` +
        "a batch has 61",
      ],
      [
        { "dataloading.drop_last_eval": "true", "dataloading.eval_batch_size": "20" },
        `dataloading.drop_last_eval: no batch is left of the 18 samples of "${files.test}", ` +
        "a batch has 20",
      ],
      [
        { "training.cv_folds": "61" },
        "training.cv_folds: Cannot divide 60 samples into 61 folds: expected 2 to 60 folds",
      ],
      [
        { "task.mixup": "true" },
        "task.mixup: expected false, received true: features are not " +
        "mixed in this version",
      ],
      [
        { "training.device": "cuda" },
        'training.device: expected "cpu", received "cuda": this version trains on the CPU',
      ],
    ];
    for (const [flags, message] of cases) {
      const error = await assertRejects(() => runTrain(files, flags), ConfigError);
      assertEquals(error.message, message);
    }
    assertEquals(await namesIn(folder), ["test.h5", "train.h5", "val.h5"]);
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

Deno.test("train() averages metrics over batches in stepwise mode", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "dataloading.eval_batch_size": "7", "task.metrics": '["acc", "auroc"]' };
    const whole = ofType((await runTrain(files, flags)).events, "epoch")[1].val;
    const mode = { "task.metric_computation_mode": "stepwise" };
    const steps = ofType((await runTrain(files, { ...flags, ...mode })).events, "epoch")[1].val;
    assertEquals(Object.keys(steps), Object.keys(whole));
    assertEquals(steps.val_loss, whole.val_loss);
    assert(Math.abs(steps.val_Accuracy - whole.val_Accuracy) < 1e-12);
    assertNotEquals(steps.val_AUROC, whole.val_AUROC);
  });
});

Deno.test("train() runs validation batches ahead of the first epoch without a trace", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const plain = await runTrain(files);
    const careful = await runTrain(files, { "training.num_sanity_val_steps": "1" });
    assertEquals(checkpointBytes(careful.directory), checkpointBytes(plain.directory));
    assertEquals(careful.events.length, plain.events.length);
  });
});

Deno.test("train() stops when the loss stays NaN", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "optimizer.lr": "1e38", "optimizer.scheduler": "none" };
    const error = await assertRejects(() => runTrain(files, flags), TrainingError);
    assertEquals(
      error.message,
      "Cannot go on training: the loss was NaN 3 times in a row, last in epoch 0, batch 3; " +
        "try a smaller optimizer.lr or training.gradient_clip_val",
    );
    assertEquals([error.epoch, error.batch], [0, 3]);
  });
});

Deno.test("train() trains on a fraction of the samples", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { events } = await runTrain(files, { "data.data_fraction": "0.5" });
    const [{ samples, batches }] = ofType(events, "run");
    assertEquals([samples, batches], [{ train: 30, val: 24, test: 18 }, 2]);
  });
});

Deno.test("train() keeps to the batch size and drops the last batch where that is asked for", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { events } = await runTrain(files, { "dataloading.drop_last_train": "true" });
    assertEquals(ofType(events, "run")[0].batches, 3);
    assertEquals(ofType(events, "batch").length, 6);
  });
});

Deno.test("train() names fields that have no effect once", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { events } = await runTrain(files, {
      "training.precision": "bf16",
      "task.result_plot": "val",
      "task.metrics": '["acc", "mse"]',
      "training.cv_folds": "2",
      "training.epochs": "1",
    });
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      'training.precision "bf16" has no effect: float32 is used',
      'task.result_plot "val" has no effect: nothing is plotted',
      'metric "mse" is not defined for multiclass targets and is left out',
    ]);
  });
});

Deno.test("train() tells the logger how a run goes", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const told: unknown[] = [];
    const own = new Registry();
    const { logger: _logger, ...others } = Object.fromEntries(
      ([
        "dataset",
        "encoder_type",
        "head_type",
        "peft",
        "metric",
        "optimizer",
        "scheduler",
      ] as const)
        .map((slot) => [slot, registry.list(slot).map((key) => registry.get(slot, key))]),
    ) as Record<string, Parameters<Registry["add"]>[0][]>;
    for (const plugin of Object.values(others).flat()) own.add(plugin);
    own.add({
      ...registry.get("logger", "none"),
      create: () => ({
        start: ({ directory, add_log }) => void told.push(["start", directory, add_log]),
        log: (epoch, values) => void told.push([epoch, Object.keys(values)]),
        finish: (status) => void told.push(status),
      }),
    });
    const flags = { "training.epochs": "1", "add_log.note": "x" };
    const { directory } = await listenTo(runConfig(files, flags), { registry: own });
    const names = ["loss", "Accuracy", "F1"];
    const keys = ["train", "val"].flatMap((split) => names.map((name) => `${split}_${name}`));
    assertEquals(told, [["start", directory, { note: "x" }], [0, [...keys, "lr"]], "finished"]);
    told.length = 0;
    const broken = { "optimizer.lr": "1e38", "optimizer.scheduler": "none" };
    await assertRejects(
      () => train(runConfig(files, broken), { registry: own }),
      TrainingError,
    );
    assertEquals(told.at(-1), "failed");
  });
});

function multilabelSamples(count: number, seed: number): Record<string, Dataset> {
  const random = new Random(seed);
  const features = Float32Array.from({ length: count * 6 }, () => random.normal());
  const labels = Float32Array.from(
    { length: count * 3 },
    (_, index) => features[Math.floor(index / 3) * 6 + index % 3] > 0 ? 1 : 0,
  );
  return {
    features: { data: features, shape: [count, 6] },
    labels: { data: labels, shape: [count, 3] },
  };
}

Deno.test("train() learns several labels at once", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder, multilabelSamples);
    const { done, events } = await runTrain(files, {
      "data.subtask": "multilabel",
      "task.metrics": '["acc", "f1", "ap", "top5acc"]',
      "training.epochs": "40",
      "optimizer.lr": "0.1",
      "optimizer.warmup_epochs": "0",
    });
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      'metric "top5acc" is not defined for multilabel targets and is left out',
    ]);
    assertEquals(Object.keys(done.test!), ["test_loss", "test_Accuracy", "test_F1", "test_AP"]);
    assert(done.test!.test_Accuracy > 0.9, JSON.stringify(done.test));
  });
});

/** Targets are linear in the features. */
function regressionSamples(columns?: number) {
  return (count: number, seed: number): Record<string, Dataset> => {
    const { features } = multilabelSamples(count, seed);
    const labels = Float64Array.from({ length: count * (columns ?? 1) }, (_, index) => {
      const row = Math.floor(index / (columns ?? 1));
      return 2 * Number(features.data[row * 6]) - index % (columns ?? 1);
    });
    const shape = columns === undefined ? [count] : [count, columns];
    return { features, labels: { data: labels, shape } };
  };
}

Deno.test("train() predicts real values, with the metrics for them where none were named", async () => {
  for (const columns of [undefined, 2]) {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder, regressionSamples(columns));
      const { done, events } = await runTrain(files, {
        "data.task": "Regression",
        "data.num_classes": String(columns ?? 1),
        "model.head.head_type": "regression",
        "model.head.out_dim": String(columns ?? 1),
        "training.epochs": "60",
        "optimizer.lr": "0.1",
        "optimizer.weight_decay": "0",
        "optimizer.warmup_epochs": "0",
      });
      assertEquals(ofType(events, "notice").map(({ message }) => message), [
        'metric "acc" is not defined for regression targets and is left out',
        'metric "f1" is not defined for regression targets and is left out',
      ]);
      assertEquals(Object.keys(done.test!), ["test_loss", "test_MAE", "test_MSE"]);
      assertEquals(done.best_metric, "val_MAE");
      assert(done.test!.test_MSE < 0.01, JSON.stringify(done.test));
    });
  }
});
