/**
 * Packing one split: slide after slide into one file, which gets its name when it is whole.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { fileFacts } from "../../engine/data/data_facts.ts";
import type { Source } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import { FeatureWriter } from "../../engine/features/feature_writer.ts";
import { openSlide } from "../../engine/slides/slide_file.ts";
import { openSource, type SlidePart } from "../../engine/slides/slide_source.ts";
import { removeTemporariesOf } from "../../engine/storage/atomic.ts";
import type { PackedFile, PackEvent } from "./events.ts";
import { factsOf, keepFinished } from "./_finished_file.ts";
import { ownFacts, type PackWork } from "./_pack_work.ts";
import { coordsDataset } from "./_survey.ts";

/** Largest finite float16. */
const LARGEST_FLOAT16 = 65504;

/** What is told, and what stops the work. */
export interface PackHooks {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent: (event: PackEvent) => void;
}

/**
 * Packs the slides of a split into its file, or keeps the file that is there.
 * @param work The file.
 * @param hooks Signal and events.
 * @returns What the file holds.
 * @throws {DataError} if a slide cannot be read or stored, or the file cannot be written; nothing is
 *   left of it.
 */
export async function packSplit(work: PackWork, hooks: PackHooks): Promise<PackedFile> {
  const { name, file, split, range, instances, embedDim, precision, compression, coords } = work;
  const { values, width } = split.labels;
  const samples = range.end - range.start;
  const files = await fileFacts(split.files ?? [], hooks.signal);
  removeTemporariesOf(file);
  if (work.keep) return await keepFinished(work, files);
  const targets = values instanceof Float32Array ? width : undefined;
  const writer = await FeatureWriter.create(file, {
    ...{ embedDim, precision, compression, targets, coords },
  });
  const source = openSource(work.slides);
  try {
    for (let index = range.start; index < range.end; index++) {
      await setImmediate(); // Signals are heard.
      hooks.signal?.throwIfAborted();
      await packSample(index, work, { source, writer });
      const done = index + 1 - range.start;
      hooks.onEvent({ type: "progress", split: name, done, samples });
    }
    const facts = { ...work.attributes, ...factsOf(work, files), ...ownFacts(work) };
    for (const [key, value] of Object.entries(facts)) {
      writer.attribute(key, value);
    }
  } catch (error) {
    writer.discard();
    throw error;
  } finally {
    source.close();
  }
  writer.close();
  return {
    ...{ type: "file", split: name, file, samples, instances, embedDim, precision },
    kept: false,
  };
}

async function packSample(
  index: number,
  { split, slides, embedDim, precision, coords }: PackWork,
  { source, writer }: { readonly source: Source; readonly writer: FeatureWriter },
): Promise<void> {
  const { values, width } = split.labels;
  const parts = slides.samples[index];
  // The source refuses NaN and Inf, naming file and row.
  const { features } = await source.read(Int32Array.of(index));
  if (precision === 16) checkRange(features, parts, embedDim);
  const labels = values.subarray(index * width, (index + 1) * width);
  const [id, patient] = [split.ids?.[index], split.patients?.[index]];
  if (!slides.bags) {
    const [ids, patients] = [id, patient].map((name) => name === undefined ? [] : [name]);
    return writer.append(features, labels, ids, patients);
  }
  writer.appendBag(features, labels, {
    ...{ id, patient },
    ...(coords && { coords: await readCoords(parts) }),
  });
}

/** Refuses values that float16 does not have. */
function checkRange(features: Float32Array, parts: readonly SlidePart[], embedDim: number): void {
  const at = features.findIndex((value) => Math.abs(value) > LARGEST_FLOAT16);
  if (at < 0) return;
  let index = Math.floor(at / embedDim);
  const part = parts.find(({ instances }) => {
    if (index < instances) return true;
    index -= instances;
    return false;
  })!;
  const { path, key } = part;
  const place = key === undefined ? `row ${index}` : `dataset "${key}", row ${index}`;
  throw new DataError(
    `Cannot pack "${path}": ${place} holds ${features[at]}, float16 ends at ${LARGEST_FLOAT16}; ` +
      "use --precision 32",
    { file: path, dataset: key, index },
  );
}

/** The places of a sample's instances, in the order of the instances. */
async function readCoords(parts: readonly SlidePart[]): Promise<Float64Array> {
  const rows = parts.reduce((sum, { instances }) => sum + instances, 0);
  const values = new Float64Array(rows * 2);
  let filled = 0;
  for (const { path, key, instances } of parts) {
    using slide = await openSlide(path, key);
    const coords = slide && await coordsDataset(slide);
    if (coords === undefined) {
      throw new DataError(`Cannot pack "${path}": it has changed, its coords are gone`, {
        file: path,
      });
    }
    coords.gather([{ start: 0, count: instances, to: filled / 2 }], values);
    // Beyond 2^53 whole numbers have lost their last digits.
    const bad = values.subarray(filled, filled + instances * 2).findIndex((value) =>
      !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)
    );
    if (bad >= 0) {
      const index = Math.floor(bad / 2);
      const state = `dataset "${coords.header.name}", row ${index} holds ${values[filled + bad]}`;
      const place = { file: path, dataset: coords.header.name, index };
      throw new DataError(`Cannot pack "${path}": ${state}`, place);
    }
    filled += instances * 2;
  }
  return values;
}
