/**
 * Extracting one split: journal, progress, and the finished file.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { Extractor } from "../../engine/extract/extractor.ts";
import { type FeatureBlock, Journal } from "../../engine/extract/journal.ts";
import { FeatureWriter } from "../../engine/features/feature_writer.ts";
import { removeTemporariesOf } from "../../engine/storage/atomic.ts";
import type { Split } from "../../engine/data/data.ts";
import { type FileFacts, fileFacts } from "../../engine/data/data_facts.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import type { SplitName } from "../../registry/plugin.ts";
import type { ExtractedFile, ExtractEvent } from "./events.ts";
import { type FeatureAttributes, fingerprintOf, shortFingerprint } from "./feature_attributes.ts";
import { journalPath, keepFinished, SIZES, type SplitFacts } from "./_finished_file.ts";

/** Largest finite float16. */
const LARGEST_FLOAT16 = 65504;

/** One file to make. */
export interface SplitWork {
  /** Which split. */
  readonly name: SplitName;
  /** Its samples as the encoder reads them. */
  readonly split: Split;
  /** Samples of the file. */
  readonly range: { readonly start: number; readonly end: number };
  /** Path of the file. */
  readonly file: string;
  /** How its features are made. */
  readonly attributes: FeatureAttributes;
  /** Which part of the split it holds, `i/n`; absent for all of it. */
  readonly shard?: string;
  /** Width of a row. */
  readonly embedDim: number;
}

/** How files are made. */
export interface SplitOptions {
  /** Bits, compression, and whether interrupted work goes on. */
  readonly config: Pick<
    ExtractConfig,
    "precision" | "compression" | "resume" | "resume_anyway" | "dataloading"
  >;
  /** Computes the features. */
  readonly extractor: Extractor;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent: (event: ExtractEvent) => void;
}

/**
 * Makes the feature file of a split. What is computed is kept in a journal beside it until the file
 * is finished.
 * @param work What to make.
 * @param options How.
 * @returns What the file holds.
 * @throws {DataError} if samples cannot be read or files cannot be written.
 */
export async function extractSplit(work: SplitWork, options: SplitOptions): Promise<ExtractedFile> {
  const { file, embedDim, split, attributes, shard, range } = work;
  const { signal, onEvent, config: { resume, resume_anyway: anyway } } = options;
  const fingerprint = fingerprintOf(attributes, split);
  const files = split.files && await fileFacts(split.files, signal);
  const facts: SplitFacts = { fingerprint: shortFingerprint(fingerprint), files };
  const goOn = { anyway, notify: (message: string) => onEvent({ type: "notice", message }) };
  const finished = resume ? await keepFinished(work, facts, goOn) : undefined;
  if (finished) return finished;
  const path = journalPath(file);
  const about = {
    fingerprint: shard ? `${fingerprint}\nshard ${shard}` : fingerprint,
    embedDim,
    first: range.start,
    data: files && linesOf(files),
  };
  using journal = resume ? Journal.resume(path, about, goOn) : Journal.create(path, about);
  removeTemporariesOf(file);
  await fill(journal, work, options);
  const done = await finish(journal, work, { ...options, facts });
  journal.remove();
  return done;
}

/** What a journal says of the files that samples are read from. */
function linesOf({ files, bytes, newest, sizes_sha256, times_sha256 }: FileFacts): string {
  return [
    `${files} files of ${bytes} bytes, the newest of ${newest}`,
    `sizes ${sizes_sha256}`,
    `times ${times_sha256}`,
  ].join("\n");
}

async function fill(journal: Journal, work: SplitWork, options: SplitOptions): Promise<void> {
  const { name, split, range, file } = work;
  const { signal, onEvent, config } = options;
  const samples = range.end - range.start;
  const before = journal.samples;
  onEvent({ type: "split", split: name, file, samples, done: before });
  if (before === samples) return;
  const started = performance.now();
  let told = before;
  const rest = { ...range, start: range.start + before, signal };
  for await (const block of options.extractor.run(split, rest)) {
    checkValues(block, work, config.precision);
    for (const { reason } of block.skipped) {
      onEvent({ type: "notice", message: `${reason}; left out` });
    }
    journal.append(block);
    const done = journal.samples;
    if (done < samples && done - told < config.dataloading.batch_size) continue;
    told = done;
    const rate = (done - before) / Math.max(1e-3, (performance.now() - started) / 1000);
    const seconds_left = (samples - done) / rate;
    onEvent({ type: "progress", split: name, done, samples, rate, secondsLeft: seconds_left });
  }
}

function checkValues(block: FeatureBlock, work: SplitWork, precision: 16 | 32): void {
  const { split, embedDim } = work;
  const limit = precision === 16 ? LARGEST_FLOAT16 : Number.MAX_VALUE;
  const at = block.features.findIndex((value) => !(Math.abs(value) <= limit));
  if (at < 0) return;
  const index = samplesOf(block)[Math.floor(at / embedDim)];
  const value = block.features[at];
  const sample = split.ids ? `"${split.ids[index]}"` : `sample ${index} of "${split.name}"`;
  const state = Number.isFinite(value)
    ? `a feature is ${value}, float16 ends at ${LARGEST_FLOAT16}; use --precision 32`
    : `a feature is ${value}`;
  throw new DataError(`Cannot store ${sample}: ${state}`, { file: split.name, index });
}

/** Indices of the samples that a block has rows of. */
function samplesOf({ start, count, skipped }: FeatureBlock): number[] {
  const gone = new Set(skipped.map(({ position }) => position));
  return Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i)).map((i) =>
    start + i
  );
}

async function finish(
  journal: Journal,
  work: SplitWork,
  { config, facts: { fingerprint, files } }: SplitOptions & { readonly facts: SplitFacts },
): Promise<ExtractedFile> {
  const { name, split, file, attributes, embedDim, shard } = work;
  const { values, width } = split.labels;
  const writer = await FeatureWriter.create(file, {
    embedDim,
    precision: config.precision,
    compression: config.compression,
    targets: values instanceof Float32Array ? width : undefined,
  });
  let [samples, skipped] = [0, 0];
  try {
    const { range } = work;
    let next = range.start;
    for (const block of journal.blocks()) {
      next = block.start + block.count;
      const indices = samplesOf(block);
      const labels = indices.flatMap((i) => [...values.subarray(i * width, (i + 1) * width)]);
      writer.append(block.features, labels, split.ids ? indices.map((i) => split.ids![i]) : []);
      samples += indices.length;
      skipped += block.skipped.length;
    }
    if (next !== range.end) {
      const state = `its journal ends at sample ${next} of ${range.end}; the same command again`;
      throw new DataError(`Cannot write "${file}": ${state} with --resume computes the rest`, {
        file,
      });
    }
    if (samples === 0) {
      throw new DataError(`Cannot write "${file}": none of ${skipped} samples could be read`, {
        file,
      });
    }
    const told = {
      ...{ ...attributes, samples, skipped, fingerprint },
      ...(files && { [SIZES]: files.sizes_sha256 }),
      ...(shard && { shard }),
    };
    for (const [key, value] of Object.entries(told)) writer.attribute(key, value);
  } catch (error) {
    writer.discard();
    throw error;
  }
  writer.close();
  return { type: "file", split: name, file, samples, skipped, embedDim: embedDim, kept: false };
}
