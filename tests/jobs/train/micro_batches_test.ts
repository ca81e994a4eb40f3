/** A run whose batches are computed in parts. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import { train } from "../../../jobs/train/train.ts";
import { genericImageDataset } from "../../../plugins/dataset/generic_image_dataset.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import "../../../plugins/mod.ts";
import { configure } from "../../../registry/configure.ts";
import { writeClassImages } from "../../_class_images.ts";
import { inFolder } from "../../_training.ts";

/** So large that a micro-batch is one image. */
const SIDE = 448;

async function run(root: string, batch_size: number, gradient_accumulation_steps: number) {
  const model_kwargs = { patch_size: 112, embed_dim: 8, depth: 1, num_heads: 2 };
  const [{ history }] = await train([
    configure(genericImageDataset, {
      num_classes: 2,
      split_source: "subdirs",
      label_source: "folder",
      augmentation: { train_policy: "default", image_size: SIDE },
    }),
    configure(timm, { type: "vit_tiny_patch16_224", pretrained: false, model_kwargs }),
    {
      data: { data_root_dir: root },
      dataloading: { batch_size, num_workers: 0 },
      training: { epochs: 2, seed: 3, gradient_accumulation_steps },
      exp_dir: join(root, `runs_${batch_size}`),
    },
  ]);
  return history;
}

Deno.test("train() computes a batch of large images in parts, as batches of one that add up", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { train: 2, val: 2 }, side: 16, seed: 3 });
    const parts = await run(root, 4, 1);
    const batches = await run(root, 1, 4);
    assertEquals(parts.length, 2);
    for (const [epoch, { train, val }] of parts.entries()) {
      assertAlmostEquals(train.train_loss, batches[epoch].train.train_loss, 1e-6);
      assertAlmostEquals(val.val_loss, batches[epoch].val.val_loss, 1e-6);
    }
  });
});
