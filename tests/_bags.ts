/**
 * Small bag files, for tests that train on bags.
 * @module
 */
import { join } from "node:path";
import { Random } from "../engine/random.ts";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import type { Files, Flags } from "./_training.ts";

/** Width of the instances. */
export const BAG_DIM = 8;

/**
 * Writes bags of 1 to 12 instances; a bag of class 1 holds an instance that points elsewhere.
 * @param path File to write.
 * @param count Number of bags.
 * @param seed Seed of the values.
 */
export async function writeBags(path: string, count: number, seed: number): Promise<string> {
  const random = new Random(seed);
  const writer = await FeatureWriter.create(path, { embedDim: BAG_DIM, precision: 32 });
  for (let bag = 0; bag < count; bag++) {
    const length = 1 + random.integer(12);
    const features = Float32Array.from({ length: length * BAG_DIM }, () => random.normal());
    if (bag % 2 === 1) features[random.integer(length) * BAG_DIM] += 6;
    writer.appendBag(features, bag % 2);
  }
  writer.close();
  return path;
}

/** Writes 40 training, 20 validation and 20 test bags. */
export async function writeBagSplits(folder: string): Promise<Files> {
  return {
    folder,
    train: await writeBags(join(folder, "train.h5"), 40, 1),
    val: await writeBags(join(folder, "val.h5"), 20, 2),
    test: await writeBags(join(folder, "test.h5"), 20, 3),
  };
}

/** Flags of a short run of CLAM on {@linkcode writeBagSplits}. */
export function bagFlags(flags: Flags = {}): Flags {
  return {
    "data.num_classes": "2",
    "model.encoder.feature_dim": String(BAG_DIM),
    "model.head.head_type": "clam",
    "model.head.variant": "sb",
    "model.head.size_arg": "tiny",
    "dataloading.batch_size": "8",
    ...flags,
  };
}
