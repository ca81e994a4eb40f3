/** Training on images that a policy changes at random: the same with any workers, and on resume. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { train } from "../../../jobs/train/train.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { writeClassImages } from "../../_class_images.ts";
import { inFolder } from "../../_training.ts";

const SIDE = 20;
const IMAGES = { counts: { train: 5, val: 2 }, side: SIDE, seed: 4 };

/** No policy is named: the dataset's own trains, `default_2d_2`. */
const FLAGS: Readonly<Record<string, string>> = {
  "data.dataset": "generic_image_dataset",
  "data.num_classes": "2",
  "data.split_source": "subdirs",
  "data.label_source": "folder",
  "data.augmentation.image_size": "16",
  "model.encoder.encoder_type": "timm",
  "model.encoder.type": "test_vit",
  "model.encoder.pretrained": "false",
  "model.encoder.model_kwargs.img_size": "16",
  "optimizer.lr": "0.001",
  "optimizer.warmup_epochs": "0",
  "training.epochs": "2",
  "training.seed": "5",
  "dataloading.batch_size": "4",
};

function configOf(root: string, flags: Readonly<Record<string, string>>) {
  const all = { ...FLAGS, "data.data_root_dir": root, exp_dir: join(root, "runs"), ...flags };
  return resolveConfig({ flags: Object.entries(all).map(([path, value]) => flag(path, value)) })
    .config;
}

/** The learning curve, to the last digit, and the checkpoint. */
async function outcome(root: string, flags: Readonly<Record<string, string>>) {
  const losses: number[] = [];
  const onEvent = (event: TrainEvent) => {
    if (event.type === "batch") losses.push(event.loss);
  };
  const [{ directory }] = await train(configOf(root, flags), { onEvent });
  return { losses, bytes: weights(directory) };
}

const weights = (run: string) => Deno.readFileSync(join(run, "checkpoints/last.pt"));

Deno.test("train() changes images the same for 0, 1, 2 and 4 workers, and in each epoch otherwise", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const frozen = { "peft.method": "linear_probing", "optimizer.lr": "1e-30" };
    const alone = await outcome(root, { ...frozen, "dataloading.num_workers": "0" });
    for (const workers of ["1", "2", "4"]) {
      const { losses } = await outcome(root, { ...frozen, "dataloading.num_workers": workers });
      assertEquals(losses, alone.losses);
    }
    // Nothing trains, all samples are in one batch: only changed images change the loss.
    const one = { ...frozen, "dataloading.batch_size": "10", "dataloading.shuffle_train": "false" };
    const [first, second] = (await outcome(root, one)).losses;
    assertNotEquals(first, second);
    const still = await outcome(root, { ...one, "data.augmentation.train_policy": "default_2d_1" });
    assertEquals(still.losses[0], still.losses[1]);
  });
});

Deno.test("train() resumes with the images that it would have made", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const erasing = { "data.augmentation.train_policy": "timm_randaugment" };
    const whole = await outcome(root, { ...erasing, "logger.group": "whole" });
    const abort = new AbortController();
    const onEvent = (event: TrainEvent) => {
      if (event.type === "batch" && event.epoch === 1 && event.batch === 1) abort.abort();
    };
    const stopped = train(configOf(root, { ...erasing, "logger.group": "stopped" }), {
      signal: abort.signal,
      onEvent,
    });
    await stopped.then(() => assert(false), () => {});
    const directory = join(root, "runs/generic_image_dataset/stopped/0");
    assertNotEquals(weights(directory), whole.bytes);
    const workers = { "dataloading.num_workers": "2" };
    const resume = { "training.resume": directory, "logger.group": "stopped" };
    await train(configOf(root, { ...erasing, ...resume, ...workers }));
    assertEquals(weights(directory).length, whole.bytes.length);
    assertEquals(weights(directory), whole.bytes);
  });
});
