/**
 * Small feature files and runs on them, for tests that train.
 * @module
 */
import "../plugins/mod.ts";
import { join } from "node:path";
import { loadHdf5Library } from "../engine/storage/hdf5/library.ts";
import { Random } from "../engine/random.ts";
import type { RunDone, TrainEvent } from "../engine/train/events.ts";
import { train, type TrainOptions } from "../jobs/train/train.ts";
import { flag } from "../registry/config/flag.ts";
import { resolveConfig } from "../registry/config/resolve.ts";
import type { ResolvedConfig } from "../registry/config/tree.ts";
import { registry } from "../registry/registry.ts";

/** Values of an HDF5 dataset. */
export interface Dataset {
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/** Writes an HDF5 file with the given datasets. */
export async function writeHdf5(
  path: string,
  datasets: Readonly<Record<string, Dataset>>,
): Promise<string> {
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "w");
  for (const [name, { data, shape }] of Object.entries(datasets)) {
    file.create_dataset({ name, data, shape: [...shape] });
  }
  file.close();
  return path;
}

/** Width of the features of {@linkcode writeSplits}. */
export const DIM = 6;
/** Classes of {@linkcode writeSplits}. */
export const CLASSES = 3;

/** Paths of the feature files of a run, and the folder that they and its results are in. */
export interface Files {
  readonly folder: string;
  readonly train: string;
  readonly val: string;
  readonly test: string;
}

/** Samples of three classes that overlap, so that losses stay above 0 for many epochs. */
export function classSamples(count: number, seed: number): Record<string, Dataset> {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: count }, (_, index) => index % CLASSES);
  const features = new Float32Array(count * DIM);
  for (let i = 0; i < features.length; i++) {
    const label = labels[Math.floor(i / DIM)];
    features[i] = random.normal() + (i % DIM === label ? 2 : 0);
  }
  return {
    features: { data: features, shape: [count, DIM] },
    labels: { data: labels, shape: [count] },
  };
}

/** Writes 60 training, 24 validation and 18 test samples. */
export async function writeSplits(
  folder: string,
  make: (count: number, seed: number) => Record<string, Dataset> = classSamples,
): Promise<Files> {
  return {
    folder,
    train: await writeHdf5(join(folder, "train.h5"), make(60, 1)),
    val: await writeHdf5(join(folder, "val.h5"), make(24, 2)),
    test: await writeHdf5(join(folder, "test.h5"), make(18, 3)),
  };
}

/** Flags by dotted path. */
export type Flags = Readonly<Record<string, string>>;

/** The flags of a short run on the files: two epochs of four batches, on the test split too. */
export function runFlags(files: Files, flags: Flags = {}): Flags {
  return {
    "data.dataset": "precomputed_features",
    "data.num_classes": String(CLASSES),
    "data.train_features_file": files.train,
    "data.val_features_file": files.val,
    "data.test_features_file": files.test,
    "model.encoder.encoder_type": "precomputed",
    "model.encoder.feature_dim": String(DIM),
    "dataloading.batch_size": "16",
    "dataloading.num_workers": "0",
    "optimizer.lr": "0.01",
    "optimizer.warmup_epochs": "1",
    "training.epochs": "2",
    "training.seed": "0",
    "exp_dir": join(files.folder, "experiments"),
    ...flags,
  };
}

/** The words of a command line that says the same. */
export function words(flags: Flags): string[] {
  return Object.entries(flags).map(([path, value]) => `--${path}=${value}`);
}

/** Resolves {@linkcode runFlags}. */
export function runConfig(files: Files, flags: Flags = {}): ResolvedConfig {
  const list = Object.entries(runFlags(files, flags)).map(([path, value]) => flag(path, value));
  return resolveConfig({ flags: list }, registry).config;
}

/** What a run came to. */
export interface Outcome {
  /** The last fold. */
  readonly done: RunDone;
  /** All folds. */
  readonly results: readonly RunDone[];
  /** Everything that happened. */
  readonly events: readonly TrainEvent[];
  /** Run directory of the last fold. */
  readonly directory: string;
}

/** Trains, and listens. */
export async function runTrain(
  files: Files,
  flags: Flags = {},
  options: TrainOptions = {},
): Promise<Outcome> {
  return await listenTo(runConfig(files, flags), options);
}

/** Trains a config, and listens. */
export async function listenTo(
  config: ResolvedConfig,
  options: TrainOptions = {},
): Promise<Outcome> {
  const events: TrainEvent[] = [];
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const results = await train(config, { ...options, onEvent });
  const done = results.at(-1)!;
  return { done, results, events, directory: done.directory };
}

/** Events of one type. */
export function ofType<T extends TrainEvent["type"]>(
  events: readonly TrainEvent[],
  type: T,
): Extract<TrainEvent, { type: T }>[] {
  return events.filter((event) => event.type === type) as Extract<TrainEvent, { type: T }>[];
}

/** Runs a test in a folder that is removed afterwards. */
export async function inFolder<T>(test: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "glovita_test_" });
  try {
    return await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bytes of `last.pt`, or of another checkpoint. */
export function checkpointBytes(directory: string, name = "last"): Uint8Array {
  return Deno.readFileSync(join(directory, "checkpoints", `${name}.pt`));
}

/** A JSON file of a run directory. */
export function readRunJson<T = Record<string, unknown>>(directory: string, name: string): T {
  return JSON.parse(Deno.readTextFileSync(join(directory, name)));
}

/** Sorted names of the entries of a folder. */
export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
