import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { TrainingError } from "../../../engine/errors.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { Registry, registry } from "../../../registry/registry.ts";
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
import { readTorchFile } from "../../_read_torch_file.ts";

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
        { "task.cutmix": "true" },
        `task.cutmix: expected false, received true: the samples of "${files.train}" are not ` +
        "images, so there is no box to cut",
      ],
      [
        { "training.device": "cuda" },
        'training.device: expected "auto", "cpu" or "webgpu", received "cuda": CUDA runs extraction ' +
        "and infer; in training, all parameters would be copied there and back in every step",
      ],
    ];
    for (const [flags, message] of cases) {
      const error = await assertRejects(() => runTrain(files, flags), ConfigError);
      assertEquals(error.message, message);
    }
    assertEquals(await namesIn(folder), ["test.h5", "train.h5", "val.h5"]);
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
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      "training on 30 samples (data.data_fraction 0.5)",
    ]);
  });
});

Deno.test("train() trains and validates no more batches of an epoch than it is told", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { events, done, directory } = await runTrain(files, {
      "training.train_steps_per_epoch": "1",
      "training.gradient_accumulation_steps": "2",
      "training.val_steps_per_epoch": "1",
      "dataloading.batch_size": "8",
    });
    assertEquals(ofType(events, "run")[0].batches, 2);
    assertEquals(ofType(events, "batch").length, 4);
    const written = readRunJson(directory, "final_val_metrics.json");
    assertEquals(Object.keys(written), [
      "final_val_loss",
      "final_val_Accuracy",
      "final_val_F1",
    ]);
    assertEquals(done.finalVal, written);
    const { value } = readRunJson<{ metrics: Record<string, { value: number }> }>(
      directory,
      "metrics_val.json",
    ).metrics.Accuracy;
    assertAlmostEquals(done.finalVal!.final_val_Accuracy, value, 1e-6);
    const { val } = readRunJson<{ val: Record<string, number>[] }>(directory, "metrics.json");
    assertNotEquals(val[done.bestEpoch].val_loss, done.finalVal!.final_val_loss);
    const part = val.map(({ val_Accuracy }) => val_Accuracy * 8);
    assertEquals(part, part.map(Math.round)); // of one batch
  });
});

Deno.test("train() measures the whole validation split every epoch where no steps are given", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done, directory } = await runTrain(files, { "training.epochs": "1" });
    assertEquals(done.finalVal, undefined);
    assertEquals((await namesIn(directory)).includes("final_val_metrics.json"), false);
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
      "task.metrics": '["acc", "mse"]',
      "training.cv_folds": "2",
      "training.epochs": "1",
    });
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      'metric "mse" is not defined for multiclass targets and is left out',
      "ignored: training.precision (not used by this run)",
    ]);
  });
});

Deno.test("train() draws figures of the splits that result_plot names", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const plots = { val: ["val"], all: ["test", "val"] } as const;
    for (const [wanted, splits] of Object.entries(plots)) {
      const { done, events } = await runTrain(files, { "task.result_plot": wanted });
      const drawn = [...Deno.readDirSync(join(done.directory, "plots"))].map(({ name }) => name);
      const figures = ["confusion_matrix", "pr_curves", "reliability", "roc_curves", "scores"];
      const named = splits.flatMap((split) => figures.map((id) => `${split}_${id}.png`));
      assertEquals(drawn.sort(), ["learning_curves.png", ...named]);
      const noted = ofType(events, "notice").map(({ message }) => message);
      assertEquals(noted.filter((line) => !line.startsWith("no font")), []);
    }
  });
});

Deno.test("train() goes on without figures that cannot be drawn, and says so", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "task.result_plot": "val", "logger.group": "g", exp_dir: folder };
    const blocked = join(folder, "precomputed_features", "g", "0");
    Deno.mkdirSync(blocked, { recursive: true });
    Deno.writeTextFileSync(join(blocked, "plots"), "");
    const { done, events } = await runTrain(files, flags);
    assertEquals(done.directory, blocked);
    const [{ message }] = ofType(events, "notice");
    assert(message.startsWith(`the figures of "${blocked}" are not drawn: Cannot write `), message);
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
        start: ({ directory, addLog }) => void told.push(["start", directory, addLog]),
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
      () => listenTo(runConfig(files, broken), { registry: own }),
      TrainingError,
    );
    assertEquals(told.at(-1), "failed");
  });
});

interface Groups {
  readonly param_groups: readonly Map<string, unknown>[];
}

/** Groups of parameters with equal options in the optimizer of `last.pt`. */
function parameterGroups(directory: string): unknown[][] {
  const tree = readTorchFile(join(directory, "checkpoints", "last.pt")) as Map<string, unknown>;
  const optimizer = Object.fromEntries(tree.get("optimizer") as Map<string, unknown>);
  return (optimizer as unknown as Groups).param_groups.map((
    group,
  ) => [group.get("weight_decay"), group.get("params")]);
}

Deno.test("train() decays parameters as it is told", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const plain = await runTrain(files);
    assertEquals(parameterGroups(plain.directory), [[0.05, [0, 1]]]);
    const { directory } = await runTrain(files, { "optimizer.undecay_norm": "true" });
    assertEquals(parameterGroups(directory), [[0.05, [0]], [0, [1]]]);
    const layers = await runTrain(files, { "optimizer.layer_wise_lr_decay": "0.5" });
    assertEquals(checkpointBytes(layers.directory), checkpointBytes(plain.directory));
    assertEquals(ofType(layers.events, "notice").map(({ message }) => message), [
      "optimizer.layer_wise_lr_decay has no effect: there are no layers below the head",
    ]);
  });
});
