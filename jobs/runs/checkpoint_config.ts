/**
 * The config that a checkpoint's run leaves to feature extraction.
 * @module
 */
import { statSync } from "node:fs";
import { DataError } from "../../engine/errors.ts";
import { errorCode } from "../../engine/storage/file_reader.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import { SLOTS } from "../../registry/slots.ts";

/** Sections that a run's config gives to extraction. */
const SECTIONS = ["data", "model", "peft"] as const;

/** A config tree, and the run directory that it comes from. */
export interface CheckpointConfig {
  /** `data`, `model` and `peft` of the run. */
  readonly tree: PlainObject;
  /** Run directory. */
  readonly directory: RunDirectory;
}

/**
 * Reads the config of a checkpoint's run, as it was asked for. A run on precomputed features names no
 * encoder of images; where another dataset takes the place of those features, the encoder that made
 * them comes back.
 * @param checkpoint Path of the checkpoint.
 * @param dataset Dataset that takes the place of the run's, where there is one.
 * @returns The tree, to be completed by flags.
 * @throws {DataError} if the checkpoint or the config is missing or cannot be read.
 */
export function checkpointConfig(checkpoint: string, dataset?: string): CheckpointConfig {
  requireCheckpoint(checkpoint);
  const directory = RunDirectory.ofCheckpoint(checkpoint);
  const config = directory.readConfig("config", `Cannot use checkpoint "${checkpoint}"`);
  const tree: PlainObject = {};
  for (const name of SECTIONS) if (Object.hasOwn(config, name)) tree[name] = config[name];
  const { data } = tree;
  const trainedOn = isPlainObject(data) ? data[SLOTS.dataset.field] : undefined;
  if (dataset !== undefined && dataset !== trainedOn) restoreEncoder(tree, directory);
  return { tree, directory };
}

/**
 * Checks that a checkpoint is there to be read.
 * @param file Its path.
 * @throws {DataError} if there is no such file.
 */
export function requireCheckpoint(file: string): void {
  let isFile = false;
  try {
    isFile = statSync(file).isFile();
  } catch (cause) {
    const state = errorCode(cause) === "ENOENT" ? "does not exist" : "cannot be read";
    throw new DataError(`Cannot read checkpoint "${file}": it ${state}`, { file, cause });
  }
  if (!isFile) throw new DataError(`Cannot read checkpoint "${file}": it is not a file`, { file });
}

/** Puts the encoder in place that made the run's features, and how images got to it. */
function restoreEncoder(tree: PlainObject, directory: RunDirectory): void {
  const origin = originOf(directory);
  const encoder = parse(origin.encoder);
  if (!isPlainObject(encoder)) return;
  const model = isPlainObject(tree.model) ? tree.model : {};
  const data = isPlainObject(tree.data) ? tree.data : {};
  const augmentation = parse(origin.augmentation);
  tree.model = { ...model, encoder };
  tree.data = { ...data, ...(isPlainObject(augmentation) && { augmentation }) };
  const { feature_aggregation_method: method } = origin;
  if (typeof method === "string") tree.method = method;
}

/**
 * The weights that made the features that a checkpoint's run was trained on.
 * @param checkpoint Path of the checkpoint.
 * @returns Their SHA-256; `undefined` where nothing says so.
 */
export function recordedWeights(checkpoint: string): string | undefined {
  const { weights_sha256 } = originOf(RunDirectory.ofCheckpoint(checkpoint));
  return typeof weights_sha256 === "string" ? weights_sha256 : undefined;
}

/** How the features were made that the run was trained on, as far as it is recorded. */
function originOf(run: RunDirectory): PlainObject {
  const { features } = run.readRuntimeInfo();
  return isPlainObject(features) ? features : {};
}

function parse(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
