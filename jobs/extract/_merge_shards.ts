/**
 * Joining the files of shards.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import {
  featureSplit,
  type LabelKind,
  openFeatureFile,
} from "../../engine/features/feature_file.ts";
import { FeatureWriter } from "../../engine/features/feature_writer.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { openSplitSource } from "../../engine/data/open_source.ts";
import { removeTemporariesOf } from "../../engine/storage/atomic.ts";
import { FileLock } from "../../engine/storage/lock.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import type { SplitName } from "../../registry/plugin.ts";
import type { ExtractedFile } from "./events.ts";
import { journalPath } from "./_finished_file.ts";
import type { Shard } from "../../registry/config/shards.ts";
import { checkAlike, checkPart, findParts } from "../shards/parts.ts";
import type { FeatureAttributes } from "./feature_attributes.ts";

/** Rows that are copied at once. */
const ROWS = 4096;
/** Dataset of the samples' names. */
const IDS = "sample_ids";
/** Attributes that differ from shard to shard. */
const OWN: ReadonlySet<string> = new Set(["shard", "samples", "skipped"]);

/** Where shards lie, and how the file is to look. */
export interface MergeOptions {
  /** The file of the whole. */
  readonly file: string;
  /** How many shards there are, or `auto`. */
  readonly merge: number | "auto";
  /** Compression of the file. */
  readonly config: Pick<ExtractConfig, "compression" | "precision">;
}

/**
 * Joins the shards of a split to the file that one run would have made. The shards stay.
 * @param split Which split.
 * @param options Where they lie.
 * @throws {DataError} if a shard is missing, or is of other work than the first.
 */
export async function mergeShards(split: SplitName, options: MergeOptions): Promise<ExtractedFile> {
  const { file, merge, config } = options;
  const paths = findParts(file, merge);
  const refusal = `Cannot write "${file}": another process is writing it`;
  const shards: FeatureAttributes[] = [];
  for (const [i, path] of paths.entries()) {
    shards.push(await readAttributes(path, { index: i + 1, count: paths.length }));
    checkAlike([shards[0], shards[i]], [paths[0], path], OWN);
  }
  const { subtask, embed_dim } = shards[0];
  const embedDim = Number(embed_dim);
  const kind = labelKind(String(subtask));
  using _lock = FileLock.take(journalPath(file), refusal);
  removeTemporariesOf(file);
  const writer = await FeatureWriter.create(file, {
    embedDim,
    precision: Number(shards[0].precision) as 16 | 32,
    compression: config.compression,
    targets: kind === "class" ? undefined : await targetsOf(paths[0], kind),
  });
  try {
    const named = await hasIds(paths);
    for (const path of paths) await copyRows(path, writer, { kind, named });
    const [samples, skipped] = [total(shards, "samples"), total(shards, "skipped")];
    for (const [name, value] of Object.entries({ ...shards[0], samples, skipped })) {
      if (name !== "shard") writer.attribute(name, value);
    }
    writer.close();
    return { type: "file", split, file, samples, skipped, embedDim: embedDim, kept: false };
  } catch (error) {
    writer.discard();
    throw error;
  }
}

async function readAttributes(path: string, shard: Shard): Promise<FeatureAttributes> {
  using file = await Hdf5File.open(path);
  const attributes = Object.fromEntries(file.attributes()) as FeatureAttributes;
  checkPart(path, attributes.shard, shard);
  return attributes;
}

function labelKind(subtask: string): LabelKind {
  return subtask === "multiclass" ? "class" : subtask as LabelKind;
}

async function targetsOf(path: string, kind: LabelKind): Promise<number> {
  const { labels } = await openFeatureFile(path, { labels: kind });
  return labels.width;
}

async function copyRows(
  path: string,
  writer: FeatureWriter,
  { kind, named }: { readonly kind: LabelKind; readonly named: boolean },
): Promise<void> {
  const split = featureSplit(await openFeatureFile(path, { labels: kind }));
  const ids = named ? await readIds(path, split.length) : [];
  const source = await openSplitSource(split);
  try {
    const { values, width } = split.labels;
    for (let start = 0; start < split.length; start += ROWS) {
      const end = Math.min(split.length, start + ROWS);
      const indices = Int32Array.from({ length: end - start }, (_, i) => start + i);
      const { features } = await source.read(indices);
      writer.append(
        features,
        values.subarray(start * width, end * width),
        ids.slice(start, end),
      );
    }
  } finally {
    source.close();
  }
}

/** Whether the files name their samples; all of them do, or none. */
async function hasIds(paths: readonly string[]): Promise<boolean> {
  const named: string[] = [];
  for (const path of paths) {
    using file = await Hdf5File.open(path);
    if (file.kindOf(IDS) !== "missing") named.push(path);
  }
  const unnamed = paths.find((path) => !named.includes(path));
  if (named.length === 0 || unnamed === undefined) return named.length > 0;
  const state = `dataset "${IDS}" is missing, "${named[0]}" has it`;
  throw new DataError(`Cannot join "${unnamed}": ${state}`, { file: unnamed, dataset: IDS });
}

/** Names of the samples. */
async function readIds(path: string, samples: number): Promise<readonly string[]> {
  using file = await Hdf5File.open(path);
  const ids = file.texts(IDS);
  if (ids.length === samples) return ids;
  throw new DataError(
    `Cannot read "${path}": dataset "${IDS}" has ${ids.length} entries, there are ${samples} labels`,
    { file: path, dataset: IDS },
  );
}

function total(shards: readonly FeatureAttributes[], name: string): number {
  return shards.reduce((sum, shard) => sum + Number(shard[name]), 0);
}
