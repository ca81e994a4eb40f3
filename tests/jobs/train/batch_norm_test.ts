/** A ResNet whose running statistics are trained, saved, and gone on from. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import type { StoredTensor } from "../../../engine/storage/tensor_types.ts";
import { toFloat32 } from "../../../engine/storage/tensor_types.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { train } from "../../../jobs/train/train.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { writeClassImages } from "../../_class_images.ts";
import { inFolder } from "../../_training.ts";

const SIDE = 16;
const IMAGES = { counts: { train: 5, val: 3 }, side: SIDE, seed: 3 };

const FLAGS: Readonly<Record<string, string>> = {
  "data.dataset": "generic_image_dataset",
  "data.num_classes": "2",
  "data.split_source": "subdirs",
  "data.label_source": "folder",
  "data.augmentation.train_policy": "default",
  "data.augmentation.image_size": String(SIDE),
  "model.encoder.encoder_type": "timm",
  "model.encoder.type": "test_resnet",
  "model.encoder.pretrained": "false",
  "optimizer.lr": "0.001",
  "optimizer.warmup_epochs": "0",
  "training.epochs": "3",
  "training.seed": "5",
  "training.gradient_accumulation_steps": "2",
  "dataloading.batch_size": "4",
};

function configOf(root: string, flags: Readonly<Record<string, string>>) {
  const all = { ...FLAGS, "data.data_root_dir": root, exp_dir: join(root, "runs"), ...flags };
  return resolveConfig({ flags: Object.entries(all).map(([path, value]) => flag(path, value)) })
    .config;
}

function readModel(run: string): ReadonlyMap<string, StoredTensor> {
  const tree = readTorchFile(join(run, "checkpoints/last.pt")) as Map<string, unknown>;
  return tree.get("model") as ReadonlyMap<string, StoredTensor>;
}

const bytes = (run: string) => Deno.readFileSync(join(run, "checkpoints/last.pt"));

Deno.test("train() trains, saves and resumes running statistics to the bit", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const [whole] = await train(configOf(root, { "logger.group": "whole" }));
    const model = readModel(whole.directory);
    const names = [...model.keys()].filter((name) => name.endsWith("num_batches_tracked"));
    assert(names.includes("encoder.model.bn1.num_batches_tracked"), names.join());
    assert(names.includes("model.bn1.num_batches_tracked"), names.join());
    for (const name of names) {
      const tensor = model.get(name)!;
      assertEquals([tensor.dtype, tensor.shape], ["int64", []]);
      assertEquals(toFloat32(tensor).data[0], 9); // 3 epochs of 3 batches
    }
    const mean = toFloat32(model.get("encoder.model.bn1.running_mean")!).data;
    assert(mean.every((value) => value !== 0 && Number.isFinite(value)));

    const abort = new AbortController();
    const onEvent = (event: TrainEvent) => {
      if (event.type === "batch" && event.epoch === 1 && event.batch === 1) abort.abort();
    };
    const stopped = train(configOf(root, { "logger.group": "stopped" }), {
      signal: abort.signal,
      onEvent,
    });
    await stopped.then(() => assert(false), () => {});
    const directory = join(root, "runs/generic_image_dataset/stopped/0");
    assertNotEquals(bytes(directory), bytes(whole.directory));
    await train(configOf(root, { "training.resume": directory, "logger.group": "stopped" }));
    assertEquals(bytes(directory), bytes(whole.directory));
  });
});

Deno.test("train() leaves the statistics of a frozen encoder alone", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const [run] = await train(configOf(root, { "peft.method": "linear_probing" }));
    const model = readModel(run.directory);
    const mean = toFloat32(model.get("encoder.model.bn1.running_mean")!).data;
    assertEquals([...new Set(mean)], [0]);
    assertEquals([...model.keys()].some((name) => name.endsWith("num_batches_tracked")), false);
  });
});

Deno.test("train() says when a batch of one sample would be normalised by itself", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const notices: string[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.type === "notice") notices.push(event.message);
    };
    const flags = { "dataloading.batch_size": "3", "training.epochs": "1" };
    await train(configOf(root, flags), { onEvent });
    const expected = "the last training batch has one sample, which batch normalisation cannot " +
      "normalise by itself; drop it with dataloading.drop_last_train";
    assertEquals(notices.filter((line) => line.includes("one sample")), [expected]);
  });
});
