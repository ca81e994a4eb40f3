import { assert, assertEquals } from "@std/assert";
import { createTrainReport, type TrainReport } from "../../cli/train_report.ts";
import type { EpochDone, RunDone, RunStarted } from "../../engine/train/events.ts";
import { type Heard, listener } from "./_fakes.ts";

const run: RunStarted = {
  type: "run",
  directory: "exp/ds/group/0",
  fold: 0,
  folds: 1,
  epochs: 2,
  firstEpoch: 0,
  batches: 10,
  samples: { train: 100, val: 20 },
  parameters: 65_000,
  parameterCounts: [{ group: "head", trainable: 65_000, total: 65_000 }],
};

const epoch: EpochDone = {
  type: "epoch",
  epoch: 0,
  epochs: 2,
  lr: 2e-5,
  train: { train_loss: 0.51234 },
  val: { val_loss: 0.4, val_Accuracy: 1 },
  seconds: 1.23,
  best: true,
};

const done: RunDone = {
  type: "done",
  directory: "exp/ds/group/0",
  fold: 0,
  bestMetric: "val_Accuracy",
  bestValue: 0.9,
  bestEpoch: 0,
};

async function report(
  cluster = false,
  now = () => 0,
): Promise<{ report: TrainReport; io: Heard }> {
  const io = listener();
  return { report: await createTrainReport(io, { cluster, now }), io };
}

function batches(shown: TrainReport, epoch: number, count: number): void {
  for (let batch = 0; batch < count; batch++) {
    shown.show({ type: "batch", epoch, batch, batches: count, loss: 0.5 });
  }
}

Deno.test("createTrainReport() writes a line per epoch where nobody watches", async () => {
  const { report: shown, io } = await report();
  shown.show(run);
  batches(shown, 0, 10);
  assertEquals(shown.saved, false);
  shown.show(epoch);
  shown.show({ ...done, test: { test_Accuracy: 0.87654 } });
  shown.close();
  assertEquals(io.outLines, [
    "run exp/ds/group/0",
    "100 train, 20 val samples, 65,000 parameters, 2 epochs of 10 batches",
    "epoch 1/2: train_loss 0.5123, val_loss 0.4000, val_Accuracy 1, lr 2.00e-5, 1.2 s (best)",
    "best val_Accuracy 0.9000 in epoch 1, run exp/ds/group/0",
    "test: test_Accuracy 0.8765",
    "to see it: glovita_report exp/ds/group/0",
  ]);
  assertEquals([shown.directory, shown.saved], ["exp/ds/group/0", true]);
});

Deno.test("createTrainReport() says what trains of each part of a model", async () => {
  const { report: shown, io } = await report();
  const parameterCounts = [
    { group: "encoder", trainable: 0, total: 85_798_656 },
    { group: "peft", trainable: 811_008, total: 811_008 },
    { group: "head", trainable: 7_690, total: 7_690 },
  ];
  shown.show({ ...run, parameterCounts, parameters: 818_698 });
  assertEquals(io.outLines.slice(2), [
    "parameters  trainable       total  percent",
    "encoder             0  85,798,656        0",
    "peft          811,008     811,008      100",
    "head            7,690       7,690      100",
    "all           818,698  86,617,354   0.9452",
  ]);
});

Deno.test("createTrainReport() for a cluster writes a line every tenth of the run", async () => {
  const { report: shown, io } = await report(true);
  shown.show({ ...run, epochs: 1, batches: 100 });
  batches(shown, 0, 100);
  assertEquals(io.outLines.length - 2, 9);
  assertEquals(io.outLines[2], "epoch 1/1, batch 10/100, loss 0.5000");
});

Deno.test("createTrainReport() for a cluster tells how far a frozen encoder is", async () => {
  const { report: shown, io } = await report(true);
  shown.show(run);
  const before = io.outLines.length;
  for (const [split, samples] of [["train", 40], ["val", 20]] as const) {
    for (let done = 2; done <= samples; done += 2) {
      shown.show({ type: "encode", split, done, samples });
    }
  }
  const lines = io.outLines.slice(before);
  assertEquals([lines[0], lines.at(-1)], [
    "encoder: 4/40 train samples",
    "encoder: 20/20 val samples",
  ]);
  assert(lines.includes("encoder: 40/40 train samples"));
  assert(lines.length >= 15 && lines.length <= 20);
});

Deno.test("createTrainReport() for a cluster writes a line a minute of a long run", async () => {
  let seconds = 0;
  const { report: shown, io } = await report(true, () => seconds * 1000);
  shown.show({ ...run, epochs: 1, batches: 10_000 });
  for (let batch = 0; batch < 100; batch++) {
    seconds += 6;
    shown.show({ type: "batch", epoch: 0, batch, batches: 10_000, loss: 0.5 });
  }
  assertEquals(io.outLines.length - 2, 10);
});

Deno.test("createTrainReport() tells folds apart and sums them up", async () => {
  const { report: shown, io } = await report();
  for (const fold of [0, 1]) {
    shown.show({ ...run, fold, folds: 2, firstEpoch: fold });
    shown.show({ ...done, fold, bestValue: 0.8 + fold / 10 });
  }
  shown.close();
  assertEquals(io.outLines[0], "run exp/ds/group/0, fold 1 of 2");
  assertEquals(io.outLines[4].endsWith("batches, from epoch 2"), true);
  assertEquals(io.outLines.slice(-2), [
    "2 folds: val_Accuracy 0.8500 ± 0.0707",
    "to see it: glovita_report exp/ds/group",
  ]);
});

Deno.test("createTrainReport() names no report of folds of which one was interrupted", async () => {
  const { report: shown, io } = await report();
  shown.show({ ...run, folds: 2 });
  shown.show({ ...done });
  shown.show({ ...run, fold: 1, folds: 2 });
  shown.close();
  assertEquals(io.outLines.filter((line) => line.includes("glovita_report")), []);
});

Deno.test("createTrainReport() remembers the fold that can be continued", async () => {
  const { report: shown } = await report();
  const continues = () => [shown.directory, shown.saved];
  assertEquals(continues(), [undefined, false]);
  shown.show({ ...run, directory: "group/0" });
  assertEquals(continues(), ["group/0", false]);
  shown.show(epoch);
  shown.show({ ...run, directory: "group/1", fold: 1 });
  assertEquals(continues(), ["group/0", true]);
  shown.show(epoch);
  assertEquals(continues(), ["group/1", true]);
});

Deno.test("createTrainReport() writes notices to stderr", async () => {
  const { report: shown, io } = await report();
  shown.show({ type: "notice", message: "labels are shifted" });
  assertEquals(io.errLines, ["note: labels are shifted"]);
});

Deno.test("createTrainReport() loads a progress bar where a person watches", async () => {
  const io: Heard = { ...listener(), terminal: true };
  const shown = await createTrainReport(io, { cluster: false });
  shown.show(run);
  batches(shown, 0, 10);
  shown.show(epoch);
  shown.close();
  assertEquals(io.outLines.length, 3);
});
