/** Methods of fine-tuning that act while a run trains: their losses, their numbers, and resuming. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { type StoredTensor, toFloat32 } from "../../../engine/storage/tensor_types.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { train } from "../../../jobs/train/train.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { writeClassImages } from "../../_class_images.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import { inFolder, readRunJson } from "../../_training.ts";

const SIDE = 16;
const FLAGS: Readonly<Record<string, string>> = {
  "data.dataset": "generic_image_dataset",
  "data.num_classes": "2",
  "data.split_source": "subdirs",
  "data.label_source": "folder",
  "data.augmentation.train_policy": "default",
  "data.augmentation.image_size": String(SIDE),
  "model.encoder.encoder_type": "timm",
  "model.encoder.type": "test_vit",
  "model.encoder.pretrained": "false",
  "model.encoder.model_kwargs":
    `{"img_size": ${SIDE}, "patch_size": 8, "embed_dim": 12, "depth": 2, "num_heads": 3}`,
  "optimizer.lr": "0.01",
  "optimizer.warmup_epochs": "0",
  "training.epochs": "3",
  "training.seed": "5",
  "training.gradient_accumulation_steps": "2",
  "dataloading.batch_size": "4",
  "peft.method": "adalora",
  "peft.adalora_init_rank": "4",
  "peft.adalora_rank": "1",
};

function configOf(root: string, flags: Readonly<Record<string, string>>) {
  const all = { ...FLAGS, "data.data_root_dir": root, exp_dir: join(root, "runs"), ...flags };
  return resolveConfig({ flags: Object.entries(all).map(([path, value]) => flag(path, value)) })
    .config;
}

type Tree = ReadonlyMap<string, StoredTensor>;

const lastOf = (run: string) => join(run, "checkpoints/last.pt");
const bytes = (run: string) => Deno.readFileSync(lastOf(run));
const tensorsIn = (run: string, key: string) =>
  (readTorchFile(lastOf(run)) as ReadonlyMap<string, Tree>).get(key)!;

Deno.test("adalora gives up ranks as planned, also in a run that is resumed", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { train: 5, val: 3 }, side: SIDE, seed: 3 });
    const [whole] = await train(configOf(root, { "logger.group": "whole" }));
    const kept = tensorsIn(whole.directory, "glovita").get("step_hook") as unknown as Tree;
    const ranks = [...kept].filter(([name]) => name.endsWith("/kept"));
    const total = ranks.flatMap(([, tensor]) => [...toFloat32(tensor).data]);
    assertEquals([total.length, total.filter((rank) => rank === 1).length], [8 * 4, 8]);
    const model = tensorsIn(whole.directory, "model");
    for (const [name, tensor] of ranks) {
      const layer = name.replace("/kept", "");
      const singular = toFloat32(model.get(`encoder.model.${layer}.lora_E.default`)!).data;
      assertEquals([...singular].map((value) => Number(value !== 0)), [...toFloat32(tensor).data]);
    }
    const { train: epochs } = readRunJson<{ train: Record<string, number>[] }>(
      whole.directory,
      "metrics.json",
    );
    const { train_loss, train_loss_task, train_loss_orthogonality } = epochs[0];
    assert(train_loss_orthogonality > 0);
    assertAlmostEquals(train_loss, train_loss_task + train_loss_orthogonality, 1e-5);

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
    await train(configOf(root, { "training.resume": directory, "logger.group": "stopped" }));
    assertEquals(bytes(directory), bytes(whole.directory));
  });
});

Deno.test("adalora refuses a schedule without updates between its ends", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { train: 5, val: 3 }, side: SIDE, seed: 3 });
    const config = configOf(root, { "peft.adalora_tinit": "4", "peft.adalora_tfinal": "2" });
    const { message } = await assertRejects(() => train(config), ConfigError);
    assertEquals(
      message,
      'peft.method: "adalora": expected adalora_tinit and adalora_tfinal to leave some of the 6 ' +
        "updates of the run",
    );
  });
});
