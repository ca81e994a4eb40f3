/**
 * Linear probing behind ViT-tiny (patch 16, 224 pixels) over 20 epochs of images, from JPEG files to
 * the last validation: with the encoder's features computed once, computed anew in every epoch, and by
 * the plain loop in PyTorch with timm, which computes them anew, too. Two threads each.
 *
 * Run with `deno task bench:linear_probing`. Ours and theirs alternate in one run; medians and ratios
 * are printed.
 */
import "../plugins/mod.ts";
import { join } from "node:path";
import sharp from "sharp";
import { train } from "../jobs/train/train.ts";
import { flag } from "../registry/config/flag.ts";
import { resolveConfig } from "../registry/config/resolve.ts";
import { compare, peakMemory, Peer, PRECISIONS } from "./_peer.ts";

const ENCODER = "vit_tiny_patch16_224";
const IMAGES = new URL("../tests/testdata/preprocess/images/", import.meta.url).pathname;

/** How much is trained on. */
export interface LinearProbing {
  /** Training images; half as many validate. */
  readonly images: number;
  /** Epochs. */
  readonly epochs: number;
  /** Times that it is measured. */
  readonly rounds: number;
}

/** Different JPEG files of 320 x 240 pixels, cut out of real images: `images/<split>/<class>/`. */
async function writeImages(folder: string, counts: Readonly<Record<string, number>>) {
  for (const [split, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      const [label, file] = i % 2 === 0 ? ["china", "china.jpg"] : ["coffee", "coffee.png"];
      const classFolder = join(folder, "images", split, label);
      Deno.mkdirSync(classFolder, { recursive: true });
      await sharp(join(IMAGES, file)).resize(480, 320)
        .extract({ left: i % 160, top: (i * 7) % 80, width: 320, height: 240 })
        .jpeg({ quality: 90 }).toFile(join(classFolder, `${i}.jpg`));
    }
  }
}

async function ours(folder: string, epochs: number, cache: string): Promise<number> {
  const flags = Object.entries({
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": folder,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "data.augmentation.train_policy": "default_2d_1",
    "model.encoder.encoder_type": "timm",
    "model.encoder.type": ENCODER,
    "model.encoder.pretrained": "false",
    "peft.method": "linear_probing",
    "training.epochs": String(epochs),
    "training.seed": "0",
    "training.enable_checkpointing": "false",
    "training.feature_cache": cache,
    "optimizer.lr": "1e-3",
    "dataloading.batch_size": "16",
    exp_dir: join(folder, "runs"),
  });
  const { config } = resolveConfig({ flags: flags.map(([path, value]) => flag(path, value)) });
  const start = performance.now();
  await train(config);
  return performance.now() - start;
}

/**
 * Measures linear probing and prints lines.
 * @param peer PyTorch, with `linear_probing_peer.py`; only our numbers where it is missing.
 * @param options How much.
 */
export async function benchLinearProbing(
  peer: Peer | undefined,
  { images, epochs, rounds }: LinearProbing,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await writeImages(folder, { train: images, val: images / 2 });
    const [once, anew]: [number[], number[]] = [[], []];
    const theirs = PRECISIONS.map((precision) => ({ ...precision, times: new Array<number>() }));
    for (let round = 0; round < rounds; round++) {
      once.push(await ours(folder, epochs, "1e9"));
      anew.push(await ours(folder, epochs, "none"));
      for (const { bf16, times } of theirs) {
        const request = { task: "train", folder, type: ENCODER, epochs, batch: 16, bf16 };
        const answer = await peer?.ask(request);
        if (answer) times.push(answer.ms);
      }
    }
    const what = `linear probing, ${images} images, ${epochs} epochs`;
    for (const { label, times } of theirs) {
      compare(`${what}, features once (PyTorch ${label})`, once, times);
      compare(`${what}, features in every epoch (PyTorch ${label})`, anew, times);
      if (!peer) break;
    }
    console.log(`peak memory ${peakMemory().toFixed(0)} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const peer = await Peer.start("linear_probing_peer.py");
  await benchLinearProbing(peer, { images: 64, epochs: 20, rounds: 3 });
  await peer?.close();
}
