/**
 * Predictions of parts of the samples: which samples a part has, its file, and joining all of them.
 * @module
 */
import { createReadStream } from "node:fs";
import { createHash } from "node:crypto";
import { labelsHash, namesHash } from "../../engine/data/data_facts.ts";
import type { Labels } from "../../engine/data/data.ts";
import type { Predictions } from "../../engine/data/predictions.ts";
import { writeError } from "../../engine/storage/atomic.ts";
import { SafetensorsFile, writeSafetensors } from "../../engine/storage/safetensors.ts";
import { type StoredTensor, storedTensor } from "../../engine/storage/tensor_types.ts";
import { expectedIssue } from "../../registry/config/issues.ts";
import type { Shard } from "../../registry/config/shards.ts";
import { ConfigError } from "../../registry/errors.ts";
import { checkAlike, checkPart, findParts, partPath } from "../shards/parts.ts";
import { type Combined, concatenated, type ModelPredictions } from "./_combine.ts";
import type { FoundModel } from "./find_models.ts";
import type { ModelPrecision } from "./model_device.ts";
import type { InferPart } from "./infer_data.ts";

/** End of the names of parts. */
const END = ".part";
/** Facts that differ from part to part. */
const OWN: ReadonlySet<string> = new Set(["shard", "segments"]);
/** Between names, which do not hold it. */
const SEPARATOR = "\0";
/** Lists of names that predictions may have. */
const NAMES = ["ids", "patients", "splits"] as const;

type Facts = Readonly<Record<string, string>>;

/**
 * Names the file of a part.
 * @param file The file of all predictions.
 * @param shard The part.
 */
export function predictionPart(file: string, shard: Shard): string {
  return partPath(`${file}${END}`, shard);
}

/**
 * Lists the samples of a split that are predicted.
 * @param part The split.
 */
export function samplesOf({ split, subset }: InferPart): Int32Array {
  return subset ?? Int32Array.from({ length: split.length }, (_, index) => index);
}

/**
 * Takes a part of a split's samples: whole batches, so that joined parts equal one run.
 * @param part The split.
 * @param shard The part; all of it where not given.
 * @param batch Samples of a batch.
 * @throws {ConfigError} if there are fewer batches than parts.
 */
export function shardPart(part: InferPart, shard: Shard | undefined, batch: number): InferPart {
  if (shard === undefined) return part;
  const { index, count } = shard;
  const samples = samplesOf(part);
  const batches = Math.ceil(samples.length / batch);
  if (count > batches) {
    const expected = `at most ${batches} parts of the ${samples.length} samples of ` +
      `"${part.split.name}", in batches of ${batch}`;
    throw new ConfigError([expectedIssue("shard", expected, `${index}/${count}`)]);
  }
  const border = (at: number) => Math.round(batches * at / count) * batch;
  return { ...part, subset: samples.slice(border(index - 1), border(index)) };
}

/**
 * Hashes what tells the data of a split from other data.
 * @param part The split.
 */
export function dataHash(part: InferPart): string {
  const { split: { ids, labels, length } } = part;
  const samples = part.subset ? createHash("sha256").update(part.subset).digest("hex") : "all";
  return [length, samples, namesHash(ids), labelsHash(labels)].join(" ");
}

/**
 * Says what a part is made of, to be compared with others.
 * @param models The models.
 * @param all What they say.
 * @param shard The part.
 * @throws {DataError} if a checkpoint cannot be read.
 */
export async function partFacts(
  models: readonly FoundModel[],
  all: readonly Pick<ModelPredictions, "data" | "precision">[],
  { index, count }: Shard,
): Promise<Facts> {
  const checkpoints: string[] = [];
  for (const { checkpoint } of models) checkpoints.push(await fileHash(checkpoint));
  const data = createHash("sha256").update(JSON.stringify(all.map(({ data }) => data)));
  return {
    checkpoints: checkpoints.join(" "),
    data: data.digest("hex"),
    shard: `${index}/${count}`,
    ...precisionFacts(all.map(({ precision }) => precision)),
  };
}

/** How precisely the models have computed, where that is not float32 throughout. */
function precisionFacts(all: readonly ModelPrecision[]): Facts {
  const [compute, matmul] = [all.map(({ compute }) => compute), all.map(({ matmul }) => matmul)];
  return {
    ...(compute.includes(16) && { precision_compute: compute.join(" ") }),
    ...(matmul.some((one) => one !== "highest") && { float32_matmul_precision: matmul.join(" ") }),
  };
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw writeError(error, path);
  }
  return hash.digest("hex");
}

/**
 * Writes the file of a part, atomically.
 * @param path The file.
 * @param combined The predictions of its samples.
 * @param facts What they are made of.
 * @throws {DataError} if it cannot be written.
 */
export async function writePart(
  path: string,
  { predictions, segments, split }: Combined,
  facts: Facts,
): Promise<void> {
  const { task, subtask, numClasses, classNames, labels, scores, spread } = predictions;
  const tensors = new Map<string, StoredTensor>();
  for (const name of NAMES) {
    const names = predictions[name];
    if (names === undefined) continue;
    const text = new TextEncoder().encode(names.map((each) => each + SEPARATOR).join(""));
    tensors.set(name, storedTensor("uint8", [text.length], text));
  }
  const matrix = [scores.length / numClasses, numClasses];
  tensors.set("scores", storedTensor("float32", matrix, scores));
  if (spread) tensors.set("spread", storedTensor("float32", matrix, spread));
  if (labels) {
    const type = labels.values instanceof Float32Array ? "float32" : "int32";
    const shape = [labels.values.length / labels.width, labels.width];
    tensors.set("labels", storedTensor(type, shape, labels.values));
  }
  const about = JSON.stringify({ task, subtask, numClasses, classNames });
  const whole = { ...facts, split, task: about, segments: JSON.stringify(segments) };
  await writeSafetensors(path, tensors, whole);
}

/**
 * Joins the predictions of all parts.
 * @param file The file of all predictions.
 * @param merge How many parts there are, or `auto`.
 * @returns What one run would have predicted.
 * @throws {DataError} if a part is missing, damaged, or of other work than the first.
 */
export function readParts(file: string, merge: number | "auto"): Combined {
  const paths = findParts(`${file}${END}`, merge);
  const parts = paths.map((path, i) => {
    using stored = SafetensorsFile.open(path);
    checkPart(path, stored.metadata.shard, { index: i + 1, count: paths.length });
    return { facts: stored.metadata, predictions: readPart(stored) };
  });
  for (const [i, { facts }] of parts.entries()) {
    checkAlike([parts[0].facts, facts], [paths[0], paths[i]], OWN);
  }
  const pieces = parts.map(({ facts, predictions }) =>
    cut(predictions, JSON.parse(facts.segments))
  );
  // Split after split, as one run predicts them.
  const order = pieces[0].flatMap((_, segment) => pieces.map((piece) => piece[segment]));
  const segments = pieces[0].map((_, segment) =>
    pieces.reduce((sum, piece) => sum + piece[segment].ids.length, 0)
  );
  return { predictions: concatenated(order), segments, split: parts[0].facts.split };
}

function readPart(stored: SafetensorsFile): Predictions {
  const bytes = (name: string) => Uint8Array.from(bytesOf(stored.read(name)));
  const floats = (name: string) => new Float32Array(bytes(name).buffer);
  const has = (name: string) => stored.entries.has(name);
  const about: Pick<Predictions, "task" | "subtask" | "numClasses" | "classNames"> = JSON.parse(
    stored.metadata.task,
  );
  const names = (name: string) =>
    new TextDecoder().decode(bytes(name)).split(SEPARATOR).slice(0, -1);
  return {
    ...about,
    ids: names("ids"),
    ...(has("patients") && { patients: names("patients") }),
    ...(has("splits") && { splits: names("splits") }),
    ...(has("labels") && { labels: labelsIn(stored) }),
    scores: floats("scores"),
    ...(has("spread") && { spread: floats("spread") }),
  };
}

function bytesOf({ data }: StoredTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function labelsIn(stored: SafetensorsFile): Labels {
  const tensor = stored.read("labels");
  const { buffer } = Uint8Array.from(bytesOf(tensor));
  const values = tensor.dtype === "float32" ? new Float32Array(buffer) : new Int32Array(buffer);
  return { values, width: tensor.shape[1] };
}

/** Cuts predictions into those of each split. */
function cut(predictions: Predictions, segments: readonly number[]): Predictions[] {
  const { ids, patients, splits, labels, scores, spread, numClasses } = predictions;
  let start = 0;
  return segments.map((length) => {
    const [from, to] = [start, start += length];
    const rows = <T extends Float32Array | Int32Array>(values: T, width: number) =>
      values.slice(from * width, to * width) as T;
    return {
      ...predictions,
      ids: ids.slice(from, to),
      ...(patients && { patients: patients.slice(from, to) }),
      ...(splits && { splits: splits.slice(from, to) }),
      ...(labels && { labels: { ...labels, values: rows(labels.values, labels.width) } }),
      scores: rows(scores, numClasses),
      ...(spread && { spread: rows(spread, numClasses) }),
    };
  });
}
