/**
 * Joining packed parts of a split to the file that one run would have made.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { openSplitSource } from "../../engine/data/open_source.ts";
import {
  type FeatureFile,
  featureSplit,
  type LabelKind,
  openFeatureFile,
} from "../../engine/features/feature_file.ts";
import { type CoordsType, FeatureWriter } from "../../engine/features/feature_writer.ts";
import { removeTemporariesOf } from "../../engine/storage/atomic.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import type { SplitName } from "../../registry/plugin.ts";
import { checkAlike, checkPart, type Facts, findParts } from "../shards/parts.ts";
import type { PackedFile } from "./events.ts";
import type { PackHooks } from "./_pack_split.ts";

/** Facts that differ from part to part. */
const OWN: ReadonlySet<string> = new Set(["shard", "samples", "instances"]);

/** Which file, of how many parts. */
export interface MergePackedOptions extends PackHooks {
  /** The file of the whole split. */
  readonly file: string;
  /** How many parts there are, or `auto`. */
  readonly merge: number | "auto";
}

/**
 * Joins the parts of a split, which stay.
 * @param name Which split.
 * @param options Where they lie.
 * @throws {DataError} if a part is missing, or is of other work than the first.
 */
export async function mergePacked(
  name: SplitName,
  options: MergePackedOptions,
): Promise<PackedFile> {
  const { file, merge } = options;
  const paths = findParts(file, merge);
  const facts: Facts[] = [];
  for (const [i, path] of paths.entries()) {
    using part = await Hdf5File.open(path);
    facts.push(Object.fromEntries(part.attributes()));
    checkPart(path, facts[i].shard, { index: i + 1, count: paths.length });
    checkAlike([facts[0], facts[i]], [paths[0], path], OWN);
  }
  const { embed_dim, precision, compression, subtask } = facts[0];
  const labels = subtask === "multiclass" ? "class" : subtask as LabelKind;
  const total = (name: string) => facts.reduce((sum, fact) => sum + Number(fact[name]), 0);
  const [samples, instances] = [total("samples"), total("instances")];
  removeTemporariesOf(file);
  const { labels: { width }, coords } = await layoutOf(paths[0], labels);
  const size = { embedDim: Number(embed_dim), precision: Number(precision) as 16 | 32 };
  const targets = labels === "class" ? undefined : width;
  const writer = await FeatureWriter.create(file, {
    ...{ ...size, compression: Number(compression), targets, coords },
  });
  try {
    let done = 0;
    for (const path of paths) {
      await copySamples(await openFeatureFile(path, { labels }), writer, async () => {
        await setImmediate(); // Signals are heard.
        options.signal?.throwIfAborted();
        options.onEvent({ type: "progress", split: name, done: ++done, samples });
      });
    }
    for (const [key, value] of Object.entries({ ...facts[0], samples, instances })) {
      if (key !== "shard") writer.attribute(key, value as string | number);
    }
  } catch (error) {
    writer.discard();
    throw error;
  }
  writer.close();
  return { type: "file", split: name, file, samples, instances, ...size, kept: false };
}

/** Targets of a part, and how it stores places of instances. */
async function layoutOf(path: string, labels: LabelKind) {
  const file = await openFeatureFile(path, { labels });
  using part = await Hdf5File.open(path);
  const stored = part.kindOf("coords") === "dataset";
  const coords = stored ? (await part.dataset("coords")).dtype as CoordsType : undefined;
  return { labels: file.labels, coords };
}

async function copySamples(
  file: FeatureFile,
  writer: FeatureWriter,
  onSample: () => Promise<void>,
): Promise<void> {
  const { values, width } = file.labels;
  const source = await openSplitSource(featureSplit(file));
  using part = await Hdf5File.open(file.path);
  const coords = part.kindOf("coords") === "dataset" ? await part.dataset("coords") : undefined;
  try {
    let row = 0;
    for (let index = 0; index < file.length; index++) {
      const { features } = await source.read(Int32Array.of(index));
      const labels = values.subarray(index * width, (index + 1) * width);
      const [id, patient] = [file.ids?.[index], file.patients?.[index]];
      const named = (name?: string) => name === undefined ? [] : [name];
      if (file.bagLengths === undefined) {
        writer.append(features, labels, named(id), named(patient));
      } else {
        const count = file.bagLengths[index];
        const places = coords && new Float64Array(count * 2);
        if (places) coords.gather([{ start: row, count, to: 0 }], places);
        writer.appendBag(features, labels, { id, patient, coords: places });
        row += count;
      }
      await onSample();
    }
  } finally {
    source.close();
  }
}
