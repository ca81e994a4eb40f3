/** Training on mixed samples: the same with any workers, and on resume. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import type { TrainEvent } from "../../../engine/train/events.ts";
import {
  checkpointBytes,
  inFolder,
  listenTo,
  ofType,
  runConfig,
  runTrain,
  writeSplits,
} from "../../_training.ts";

const MIXED = { "task.mixup": "true", "task.mixup_alpha": "0.5" };

Deno.test("train() mixes the same for any number of workers, and on resume", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const whole = checkpointBytes((await runTrain(files, MIXED)).directory);
    const plain = checkpointBytes((await runTrain(files)).directory);
    assertNotEquals(whole, plain);
    const workers = { ...MIXED, "dataloading.num_workers": "2" };
    assertEquals(checkpointBytes((await runTrain(files, workers)).directory), whole);
    const abort = new AbortController();
    const onEvent = (event: TrainEvent) => {
      if (event.type === "batch" && event.epoch === 1 && event.batch === 1) abort.abort();
    };
    const group = { ...MIXED, "logger.group": "stopped" };
    const stopped = listenTo(runConfig(files, group), { signal: abort.signal, onEvent });
    await stopped.then(() => assert(false), () => {});
    const directory = join(folder, "experiments/precomputed_features/stopped/0");
    assertNotEquals(checkpointBytes(directory), whole);
    await runTrain(files, { ...group, "training.resume": directory });
    assertEquals(checkpointBytes(directory), whole);
  });
});

Deno.test("train() measures mixed samples by the label that they have more of", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = {
      ...MIXED,
      "task.mixup_alpha": "0.05", // Nearly all samples are nearly one or the other.
      "training.epochs": "8",
      "optimizer.lr": "0.05",
    };
    const accuracy = async (given: Readonly<Record<string, string>>) =>
      ofType((await runTrain(files, given)).events, "epoch").at(-1)!.train.train_Accuracy;
    const { "task.mixup": _, "task.mixup_alpha": __, ...plain } = flags;
    const [mixed, unmixed] = [await accuracy(flags), await accuracy(plain)];
    assert(unmixed > 0.75, `${unmixed}`);
    // Compared with the labels of the first of each pair, half of them would be wrong by chance.
    assert(mixed > unmixed - 0.15, `${mixed} against ${unmixed}`);
  });
});
