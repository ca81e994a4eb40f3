/** Small runs of every kind of model, for tests that export them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { Random } from "../../../engine/random.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { attentionPool } from "../../../examples/plugin_attention_pool/attention_pool.ts";
import { meanOutputs, type Outputs, outputsOf } from "../../../jobs/export/expected_outputs.ts";
import { loadModel } from "../../../jobs/predict/load_model.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import type { Plugin } from "../../../registry/plugin.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../../_bags.ts";
import { writeClassImages } from "../../_class_images.ts";
import { DIM, type Flags, listenTo, runFlags, runTrain, writeSplits } from "../../_training.ts";

/** A run, and what its model takes. */
export interface Trained {
  readonly directory: string;
  readonly sampleShape: readonly number[];
  readonly bags: boolean;
  /** Directories of all folds, where they are exported as one. */
  readonly folds?: readonly string[];
  /** Where its plugins are, if not among the built-in ones. */
  readonly registry?: Registry;
}

/** A head over features. */
export async function trainFeatures(folder: string, flags: Flags = {}): Promise<Trained> {
  const { directory, results } = await runTrain(await writeSplits(folder), flags);
  return { directory, sampleShape: [DIM], bags: false, ...foldsOf(results) };
}

/** A head over the handwritten digits. */
async function trainDigits(folder: string): Promise<Trained> {
  const [train, val, test] = ["train", "val", "test"].map((split) =>
    new URL(`../../../digits/digits_${split}.h5`, import.meta.url).pathname
  );
  const { directory } = await runTrain({ folder, train, val, test }, {
    "data.num_classes": "10",
    "model.encoder.feature_dim": "64",
    "training.epochs": "1",
  });
  return { directory, sampleShape: [64], bags: false };
}

function foldsOf(results: readonly { readonly directory: string }[]): Pick<Trained, "folds"> {
  return results.length > 1 ? { folds: results.map(({ directory }) => directory) } : {};
}

/** A head over bags. */
export async function trainBags(folder: string, flags: Flags): Promise<Trained> {
  const { "model.head.head_type": head = "clam" } = flags;
  const all = Object.entries(bagFlags(flags)).filter(([name]) =>
    head === "clam" || name === "model.head.head_type" || !name.startsWith("model.head.")
  );
  const files = await writeBagSplits(folder);
  const { directory, results } = await runTrain(files, Object.fromEntries(all));
  return { directory, sampleShape: [BAG_DIM], bags: true, ...foldsOf(results) };
}

/** The head of the example package, under a name that the application's registry does not know. */
export const strangersHead = { ...attentionPool, key: "strangers_pool" };

/** A stranger's head over bags, which only a registry of its own knows. */
export async function trainStranger<C>(
  folder: string,
  head: Plugin<"head_type", C>,
): Promise<Trained & { readonly registry: Registry }> {
  const own = registryWith(head);
  const { "model.head.variant": _, "model.head.size_arg": __, ...flags } = bagFlags();
  const all = runFlags(await writeBagSplits(folder), {
    ...flags,
    "model.head.head_type": head.key,
  });
  const list = Object.entries(all).map(([path, value]) => flag(path, value));
  const { config } = resolveConfig({ flags: list }, own);
  const { directory } = await listenTo(config, { registry: own });
  return { directory, sampleShape: [BAG_DIM], bags: true, registry: own };
}

/** The built-in plugins, and one that they do not know. */
function registryWith<C>(plugin: Plugin<"head_type", C>): Registry {
  const own = new Registry();
  for (const slot of SLOT_NAMES) {
    for (const key of registry.list(slot)) own.add(registry.get(slot, key));
  }
  own.add(plugin);
  return own;
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
  { directory, registry: plugins = registry }: Trained,
  { features, lengths }: Record<string, Value>,
) {
  const checkpoint = join(directory, "checkpoints", "best.pt");
  await using model = await TrainedModel.load(checkpoint, { registry: plugins });
  const samples = {
    features: features.data as Float32Array<ArrayBuffer>,
    ...(lengths && { lengths: Int32Array.from(lengths.data as BigInt64Array, Number) }),
  };
  const predictions = await model.predict(samples);
  const flat = (name: "scores" | "logits") => predictions.flatMap((one) => Array.from(one[name]));
  return { scores: flat("scores"), logits: flat("logits"), predictions, samples };
}

/** All outputs that a file should have, by what the checkpoints say. */
export async function expectedOf(run: Trained, feeds: Record<string, Value>): Promise<Outputs> {
  const all: Outputs[] = [];
  const directories = run.folds ?? [run.directory];
  for (const directory of directories) {
    const { scores, logits, predictions, samples } = await saidBy({ ...run, directory }, feeds);
    const branches = predictions[0].attention?.map((_, branch) =>
      predictions.flatMap((one) => Array.from(one.attention![branch]))
    );
    const checkpoint = join(directory, "checkpoints", "best.pt");
    const loaded = await loadModel(checkpoint, run.registry ?? registry);
    const { instance_scores } = await outputsOf(loaded, samples);
    all.push({
      ...{ scores: Float32Array.from(scores), logits: Float32Array.from(logits) },
      ...(branches && { attention: Float32Array.from(branches.flat()) }),
      ...(instance_scores && { instance_scores }),
    });
  }
  const lengths = feeds.lengths && Int32Array.from(feeds.lengths.data as BigInt64Array, Number);
  return all.length === 1 ? all[0] : meanOutputs(all, { subtask: "multiclass", lengths });
}

/** What is exported: the run, or the group of its folds. */
export function exportedFrom({ directory, folds }: Trained): string {
  return folds ? join(directory, "..") : directory;
}

/** Samples that files are tried with, and what the checkpoints say of them. */
export interface Case {
  /** Rows of the batch, or instances of its bags. */
  readonly sizes: readonly number[];
  readonly feeds: Record<string, Value>;
  readonly expected: Outputs;
}

/** Few and many samples, short and long ones, as they are for a model. */
export async function casesFor(run: Trained): Promise<Case[]> {
  const rows = run.sampleShape.length === 1 ? [[1], [7], [500]] : [[1], [7]];
  return await Promise.all(
    (run.bags ? [[1], [20_000], [3, 1, 40]] : rows).map(async (sizes) => {
      const feeds = feedsFor(run, sizes);
      return { sizes, feeds, expected: await expectedOf(run, feeds) };
    }),
  );
}

/** A run of every kind of model. */
export const MODELS: Readonly<Record<string, (folder: string) => Promise<Trained>>> = {
  digits: trainDigits,
  "CLAM-SB": (folder) => trainBags(folder, clamFlags("sb")),
  "CLAM-MB": (folder) => trainBags(folder, clamFlags("mb")),
  ABMIL: (folder) => trainBags(folder, { "model.head.head_type": "abmil" }),
  "stranger's head": (folder) => trainStranger(folder, strangersHead),
  ViT: (folder) => trainImages(folder, "test_vit"),
  ResNet: (folder) => trainImages(folder, "test_resnet"),
  "folds of features": (folder) => trainFeatures(folder, FOLDS),
  "folds of CLAM-MB": (folder) => trainBags(folder, { ...clamFlags("mb"), ...FOLDS }),
};

/** Flags of two folds. */
export const FOLDS: Flags = { "training.cv_folds": "2", "logger.group": "cv" };

/** Flags of CLAM that scores instances. */
export function clamFlags(variant: "sb" | "mb"): Flags {
  return { "model.head.variant": variant, "model.head.instance_eval": "true" };
}

/**
 * Requires what a file says to be what the checkpoints say: probabilities as they are, others in
 * proportion to the largest, as the export compares them.
 */
export function requireSame(
  found: Readonly<Record<string, ArrayLike<number>>>,
  expected: Outputs,
  { tolerance, of }: { readonly tolerance: number; readonly of: string },
): void {
  assertEquals(Object.keys(found).sort(), Object.keys(expected).sort(), of);
  for (const [name, values] of Object.entries(expected)) {
    const scale = name.endsWith("scores")
      ? 1
      : values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const distance = farthest(found[name], values) / scale;
    assert(distance < tolerance, `${of}: ${name} differ by ${distance}`);
  }
}

/** Values of what a file says, by name. */
export function valuesOf(outputs: Readonly<Record<string, Value>>): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
  );
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
  let most = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs(a[at] - b[at]);
    if (Number.isNaN(difference)) return NaN;
    most = Math.max(most, difference);
  }
  return most;
}
