/** Training on mixed samples: the same with any workers, and on resume. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { writeClassImages } from "../../_class_images.ts";
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

Deno.test("train() cuts images the same for any number of workers", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { train: 4, val: 1 }, side: 20, seed: 4 });
    const outcome = async (more: Readonly<Record<string, string>>) => {
      const flags = Object.entries({
        "data.dataset": "generic_image_dataset",
        "data.data_root_dir": root,
        "data.num_classes": "2",
        "data.split_source": "subdirs",
        "data.label_source": "folder",
        "data.augmentation.image_size": "16",
        "model.encoder.encoder_type": "timm",
        "model.encoder.type": "test_vit",
        "model.encoder.pretrained": "false",
        "model.encoder.model_kwargs.img_size": "16",
        "dataloading.batch_size": "3",
        "training.epochs": "1",
        "training.seed": "5",
        exp_dir: join(root, "runs"),
        ...more,
      });
      const { config } = resolveConfig({
        flags: flags.map(([path, value]) => flag(path, value)),
      });
      return checkpointBytes((await listenTo(config)).directory);
    };
    const cut = { "task.cutmix": "true" };
    const both = { ...cut, "task.mixup": "true" };
    const alone = await outcome({ ...both, "dataloading.num_workers": "0" });
    assertEquals(await outcome({ ...both, "dataloading.num_workers": "2" }), alone);
    assertNotEquals(await outcome(cut), alone);
  });
});
