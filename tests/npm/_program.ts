/** What the package does, the same under Deno and under Node. */
import {
  classification,
  configure,
  cosineAnneal,
  extractFeatures,
  genericImageDataset,
  precomputed,
  precomputedFeatures,
  timm,
  train,
} from "@glovita/glovita";
import { featureSplit, openFeatureFile, type OpenSource } from "@glovita/glovita/features";
import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A red pixel, as PNG. */
const RED =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/** Trains a head on the digits; gives its numbers. */
export async function trainDigits(digits: string, exp_dir: string, num_workers: number) {
  const file = (split: string) => join(digits, `digits_${split}.h5`);
  const [{ bestValue, history, test }] = await train([
    configure(precomputedFeatures, {
      num_classes: 10,
      train_features_file: file("train"),
      val_features_file: file("val"),
      test_features_file: file("test"),
    }),
    configure(precomputed, { feature_dim: 64 }),
    configure(classification),
    configure(cosineAnneal, { warmup_epochs: 0 }),
    {
      optimizer: { lr: 0.01 },
      training: { epochs: 3, seed: 0 },
      dataloading: { num_workers },
      exp_dir,
    },
  ]);
  return { bestValue, test, history: history.map(({ train, val }) => ({ train, val })) };
}

/** Extracts features of two images, on the threads of an extraction; gives their values. */
export async function extractRed(folder: string): Promise<readonly number[]> {
  for (const label of ["left", "right"]) {
    const images = join(folder, "images", "train", label);
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, "0.png"), Buffer.from(RED, "base64"));
  }
  const [{ file }] = await extractFeatures([
    configure(genericImageDataset, {
      num_classes: 2,
      split_source: "subdirs",
      label_source: "folder",
    }),
    configure(timm, { type: "test_vit", pretrained: false }),
    { method: "avg", split: "train", data: { data_root_dir: folder }, output_dir: folder },
  ]);
  const { source: { module, options } } = featureSplit(await openFeatureFile(file));
  const { openSource }: { readonly openSource: OpenSource } = await import(module);
  const source = await openSource(options);
  const { features } = await source.read(Int32Array.of(0, 1));
  source.close();
  return [...features];
}
