/**
 * The config that a checkpoint's run leaves to feature extraction.
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { parseJson } from "../../engine/storage/json_file.ts";
import { isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import { SLOTS } from "../../registry/slots.ts";

/** Sections that a run's config gives to extraction. */
const SECTIONS = ["data", "model", "peft"] as const;

/** A config tree, and the run directory that it comes from. */
export interface CheckpointConfig {
  /** `data`, `model` and `peft` of the run. */
  readonly tree: PlainObject;
  /** Run directory. */
  readonly directory: string;
}

/**
 * Reads the config of a checkpoint's run: a checkpoint lies in `RUN/checkpoints/`, the config is
 * `RUN/config.json`. A run on precomputed features names no encoder of images; where another
 * dataset takes the place of those features, the encoder that made them comes back.
 * @param checkpoint Path of the checkpoint.
 * @param dataset Dataset that takes the place of the run's, where there is one.
 * @returns The tree, to be completed by flags.
 * @throws {DataError} if the checkpoint or the config is missing or cannot be read.
 */
export function checkpointConfig(checkpoint: string, dataset?: string): CheckpointConfig {
  requireCheckpoint(checkpoint);
  const directory = dirname(dirname(resolve(checkpoint)));
  const config = readJson(join(directory, "config.json"), checkpoint);
  const tree: PlainObject = {};
  for (const name of SECTIONS) if (Object.hasOwn(config, name)) tree[name] = config[name];
  const { data } = tree;
  const own = isPlainObject(data) ? data[SLOTS.dataset.field] : undefined;
  if (dataset !== undefined && dataset !== own) restoreEncoder(tree, directory);
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
    isFile = Deno.statSync(file).isFile;
  } catch (cause) {
    const state = cause instanceof Deno.errors.NotFound ? "does not exist" : "cannot be read";
    throw new DataError(`Cannot read checkpoint "${file}": it ${state}`, { file, cause });
  }
  if (!isFile) throw new DataError(`Cannot read checkpoint "${file}": it is no file`, { file });
}

function readJson(file: string, checkpoint: string): PlainObject {
  const fail = (state: string, cause?: unknown) =>
    new DataError(`Cannot use checkpoint "${checkpoint}": its config "${file}" ${state}`, {
      file,
      cause,
    });
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw fail(cause instanceof Deno.errors.NotFound ? "does not exist" : "cannot be read", cause);
  }
  try {
    const value = parseJson(text);
    if (isPlainObject(value)) return value;
  } catch (cause) {
    throw fail("is not JSON", cause);
  }
  throw fail("holds no config");
}

/** Puts the encoder in place that made the run's features, and how images got to it. */
function restoreEncoder(tree: PlainObject, directory: string): void {
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
  const { weights_sha256 } = originOf(dirname(dirname(resolve(checkpoint))));
  return typeof weights_sha256 === "string" ? weights_sha256 : undefined;
}

/** What `runtime_info.json` says of the features that the run was trained on. */
function originOf(directory: string): PlainObject {
  let info: unknown;
  try {
    info = JSON.parse(Deno.readTextFileSync(join(directory, "runtime_info.json")));
  } catch {
    return {}; // Runs of other programs have none.
  }
  return isPlainObject(info) && isPlainObject(info.features) ? info.features : {};
}

function parse(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
