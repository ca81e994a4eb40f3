import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { train } from "../../../jobs/train/train.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { inFolder, readRunJson, runTrain, writeSplits } from "../../_training.ts";
import { runParts } from "../../registry/builder/_parts.ts";

Deno.test("train() takes the parts of a config, to the same bits as flags", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const [run] = await train(runParts(files, { logger: { group: "parts" } }));
    const { done } = await runTrain(files, { "logger.group": "flags" });
    assertEquals(
      [run.bestMetric, run.bestValue, run.bestEpoch, run.test],
      [done.bestMetric, done.bestValue, done.bestEpoch, done.test],
    );
  });
});

Deno.test("train() returns the numbers of every epoch, as events and metrics.json have them", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const events: TrainEvent[] = [];
    const onEvent = (event: TrainEvent) => void events.push(event);
    const [{ history, directory }] = await train(runParts(files), { onEvent });
    const epochs = events.filter((event) => event.type === "epoch");
    assertEquals(history, epochs.map(({ epoch, lr, train, val }) => ({ epoch, lr, train, val })));
    const written = readRunJson(directory, "metrics.json");
    assertEquals(written.train, history.map(({ epoch, lr, train }) => ({ epoch, ...train, lr })));
    assertEquals(written.val, history.map(({ epoch, val }) => ({ epoch, ...val })));

    const more = { training: { epochs: 4, resume: directory } };
    const [resumed] = await train(runParts(files, more));
    assertEquals(resumed.history.length, 4);
    assertEquals(resumed.history.slice(0, 2), history);
    assertEquals(resumed.history.map(({ epoch }) => epoch), [0, 1, 2, 3]);
  });
});

Deno.test("train() reads NaN of earlier epochs as NaN", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const [{ directory }] = await train(runParts(files));
    const file = `${directory}/metrics.json`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace(/("train_loss": )[\d.]+/, "$1null"));
    const parts = runParts(files, { training: { epochs: 3, resume: directory } });
    const [{ history }] = await train(parts);
    assert(Number.isNaN(history[0].train.train_loss) && history[1].train.train_loss > 0);
  });
});

Deno.test("train() tells what has no effect, once", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const notices: string[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.type === "notice") notices.push(event.message);
    };
    const parts = runParts(files, { training: { precision: "bf16", cv_folds: 2, epochs: 1 } });
    const folds = await train(parts, { onEvent });
    assertEquals(folds.map(({ fold, history }) => [fold, history.length]), [[0, 1], [1, 1]]);
    assertEquals(notices, ["ignored: training.precision (not used by this run)"]);
  });
});

Deno.test("train() fails with errors that carry their facts", async () => {
  await inFolder(async (folder) => {
    const files = { folder, train: `${folder}/none.h5`, val: "val.h5", test: "test.h5" };
    const wrong = await assertRejects(
      () => train(runParts(files, { training: { epochs: -1 } })),
      ConfigError,
    );
    assertEquals(wrong.issues, [{
      path: "training.epochs",
      message: "expected a whole number of at least 1, received -1",
    }]);
    const missing = await assertRejects(() => train(runParts(files)), DataError);
    assertEquals(missing.file, files.train);
  });
});
