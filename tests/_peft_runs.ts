/**
 * Short runs of a small ViT on small images, for tests of fine-tuning methods.
 * @module
 */
import "../plugins/mod.ts";
import { join } from "node:path";
import { Loader } from "../engine/data/loader.ts";
import { featureSplit, openFeatureFile } from "../engine/features/feature_file.ts";
import { extractFeatures } from "../jobs/extract/extract.ts";
import type { TrainOptions } from "../jobs/train/train.ts";
import { flag } from "../registry/config/flag.ts";
import { resolveConfig } from "../registry/config/resolve.ts";
import { registry } from "../registry/registry.ts";
import { writeClassImages } from "./_class_images.ts";
import { type Flags, listenTo, type Outcome } from "./_training.ts";

/** Options of methods whose defaults are too large for so small an encoder. */
const SMALL: Readonly<Record<string, Flags>> = {
  partial_finetuning: { "peft.num_frozen_layers": "1" },
  visual_prompt_tuning: { "peft.num_tokens": "2" },
  fourierft: { "peft.fourierft_n_frequency": "50" },
};

/** Methods that are told here of options, besides their defaults. */
export const KNOWN_METHODS: readonly string[] = Object.keys(SMALL);

/** Two classes of images, in three splits. */
export async function writeImages(root: string): Promise<void> {
  await writeClassImages(root, { counts: { train: 5, val: 2, test: 3 }, side: 16, seed: 3 });
}

/** Flags of a run with a method: ten images, three batches an epoch. */
export function peftFlags(root: string, method: string): Flags {
  return {
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": root,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "data.augmentation.train_policy": "default",
    "data.augmentation.image_size": "16",
    "model.encoder.encoder_type": "timm",
    "model.encoder.type": "test_vit",
    "model.encoder.pretrained": "false",
    "model.encoder.model_kwargs": JSON.stringify({
      img_size: 16,
      patch_size: 8,
      embed_dim: 16,
      depth: 2,
      num_heads: 2,
    }),
    "model.feature_aggregation_method": "avg",
    "peft.method": method,
    ...SMALL[method],
    "dataloading.batch_size": "4",
    "dataloading.num_workers": "0",
    "optimizer.lr": "0.05",
    "training.epochs": "1",
    "training.seed": "5",
    exp_dir: join(root, "runs"),
  };
}

/** Trains, and listens. */
export async function runFlags(flags: Flags, options: TrainOptions = {}): Promise<Outcome> {
  const list = Object.entries(flags).map(([path, value]) => flag(path, value));
  return await listenTo(resolveConfig({ flags: list }, registry).config, options);
}

/** The features of the test split that a checkpoint's encoder makes, one row of 16 per image. */
export async function testFeatures(checkpoint: string, folder: string): Promise<Float32Array> {
  const output = { split: "test", output_dir: folder, method: "avg", precision: 32 } as const;
  const [{ file }] = await extractFeatures([
    { checkpoint_path: checkpoint, dataloading: { num_workers: 1 }, ...output },
  ]);
  const split = featureSplit(await openFeatureFile(file));
  await using loader = new Loader(split, { batchSize: split.length, workers: 0 });
  const { value } = await loader.epoch(0).next();
  return value!.features.slice();
}
