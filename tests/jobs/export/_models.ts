/** Small runs of every kind of model, for tests that export them. */
import { join } from "node:path";
import { Random } from "../../../engine/random.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../../_bags.ts";
import { writeClassImages } from "../../_class_images.ts";
import { DIM, type Flags, listenTo, runTrain, writeSplits } from "../../_training.ts";

/** A run, and what its model takes. */
export interface Trained {
  readonly directory: string;
  readonly sampleShape: readonly number[];
  readonly bags: boolean;
}

/** A head over features. */
export async function trainFeatures(folder: string, flags: Flags = {}): Promise<Trained> {
  const { directory } = await runTrain(await writeSplits(folder), flags);
  return { directory, sampleShape: [DIM], bags: false };
}

/** A head over bags. */
export async function trainBags(folder: string, flags: Flags): Promise<Trained> {
  const { "model.head.head_type": head = "clam" } = flags;
  const all = Object.entries(bagFlags(flags)).filter(([name]) =>
    head === "clam" || name === "model.head.head_type" || !name.startsWith("model.head.")
  );
  const { directory } = await runTrain(await writeBagSplits(folder), Object.fromEntries(all));
  return { directory, sampleShape: [BAG_DIM], bags: true };
}

/** Side of the images. */
const SIDE = 32;

/** An encoder of images with its head. */
export async function trainImages(
  folder: string,
  type: string,
  flags: Flags = {},
): Promise<Trained> {
  await writeClassImages(folder, { counts: { train: 5, val: 3, test: 4 }, side: 40, seed: 3 });
  const all: Flags = {
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": folder,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "data.augmentation.train_policy": "default",
    "data.augmentation.image_size": String(SIDE),
    "model.encoder.encoder_type": "timm",
    "model.encoder.type": type,
    "model.encoder.pretrained": "false",
    "training.epochs": "1",
    "training.seed": "5",
    exp_dir: join(folder, "runs"),
    ...flags,
  };
  const list = Object.entries(all).map(([path, value]) => flag(path, value));
  const { directory } = await listenTo(resolveConfig({ flags: list }, registry).config);
  return { directory, sampleShape: [3, SIDE, SIDE], bags: false };
}

/** Normal numbers. */
export function normals(count: number): Float32Array<ArrayBuffer> {
  const random = new Random(count);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Random samples, as a file takes them. */
export function feedsFor(
  { sampleShape, bags }: Trained,
  sizes: readonly number[],
): Record<string, Value> {
  const rows = bags ? sizes.reduce((a, b) => a + b) : sizes[0];
  const shape = [rows, ...sampleShape];
  const data = normals(shape.reduce((a, b) => a * b));
  return {
    features: { dtype: "float32", shape, data },
    ...(bags && {
      lengths: {
        dtype: "int64",
        shape: [sizes.length],
        data: BigInt64Array.from(sizes, BigInt),
      },
    }),
  };
}

/** What a checkpoint says of {@linkcode feedsFor}. */
export async function saidBy(
  { directory }: Trained,
  { features, lengths }: Record<string, Value>,
) {
  await using model = await TrainedModel.load(join(directory, "checkpoints", "best.pt"));
  const predictions = await model.predict({
    features: features.data as Float32Array<ArrayBuffer>,
    ...(lengths && { lengths: Int32Array.from(lengths.data as BigInt64Array, Number) }),
  });
  const flat = (name: "scores" | "logits") => predictions.flatMap((one) => Array.from(one[name]));
  return { scores: flat("scores"), logits: flat("logits"), predictions };
}

/** What a file says. */
export async function saidByFile(file: string, feeds: Record<string, Value>) {
  const session = await Session.open(file);
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

/** Largest difference. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at])));
}
