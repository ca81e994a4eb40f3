/**
 * Feature files that an earlier run has finished: whether they are what the work would make.
 * @module
 */
import { statSync } from "node:fs";
import type { FileFacts } from "../../engine/data/data_facts.ts";
import { DataError } from "../../engine/errors.ts";
import type { ResumeOptions } from "../../engine/extract/journal.ts";
import { removeTemporariesOf } from "../../engine/storage/atomic.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import { openLocked } from "../../engine/storage/lock.ts";
import type { SplitName } from "../../registry/plugin.ts";
import type { ExtractedFile } from "./events.ts";
import type { FeatureAttributes } from "./feature_attributes.ts";

/** Attribute with the hash of the images' sizes. */
export const SIZES = "sizes_sha256";

/** Attributes that say nothing of how features are made. */
const OWN: ReadonlySet<string> = new Set(["samples", "skipped", "fingerprint", SIZES]);

/** The file that is to be. */
export interface FinishedWork {
  /** Which split. */
  readonly name: SplitName;
  /** Path of the file. */
  readonly file: string;
  /** How its features are made. */
  readonly attributes: FeatureAttributes;
  /** Which part of the split it holds, `i/n`; absent for all of it. */
  readonly shard?: string;
  /** Width of a row. */
  readonly embedDim: number;
}

/** What tells a split's work from other work. */
export interface SplitFacts {
  /** What a finished file keeps of the fingerprint. */
  readonly fingerprint: string;
  /** Sizes and times of the images, where they are files. */
  readonly files?: FileFacts;
}

/**
 * Names the journal of a file; whoever writes the file holds its lock.
 * @param file Path of the file.
 */
export function journalPath(file: string): string {
  return `${file}.partial`;
}

/**
 * Keeps the file of a split where an earlier run has finished it.
 * @param work What to make.
 * @param facts What tells it from others.
 * @param goOn What is done where images are not what they were.
 * @returns What the file holds; `undefined` where there is none.
 * @throws {DataError} if the file is of other work, or of images that are not what they were.
 */
export async function keepFinished(
  work: FinishedWork,
  { fingerprint, files }: SplitFacts,
  { anyway = false, notify = () => {} }: ResumeOptions,
): Promise<ExtractedFile | undefined> {
  const { name, file, embedDim, shard } = work;
  if (!isFile(file)) return undefined;
  using open = await Hdf5File.open(file);
  const attributes = open.attributes();
  const refuse = (state: string) =>
    new DataError(`Cannot keep "${file}": ${state}; remove it, or run without resume`, { file });
  if (attributes.get("fingerprint") !== fingerprint || attributes.get("shard") !== shard) {
    throw refuse(difference(attributes, work));
  }
  const damage = await damageOf(open, attributes.get("samples"), embedDim);
  if (damage !== undefined) throw refuse(`it is damaged, ${damage}`);
  const changed = files && changeOf(attributes.get(SIZES), files, file);
  if (changed !== undefined) {
    if (!anyway) {
      throw new DataError(
        `Cannot keep "${file}": ${changed}; --resume_anyway keeps it, or run without resume`,
        { file },
      );
    }
    notify(`"${file}": ${changed}; kept anyway`);
  }
  removeLeftovers(file);
  const count = (name: string) => Number(attributes.get(name));
  const [samples, skipped] = [count("samples"), count("skipped")];
  return { type: "file", split: name, file, samples, skipped, embedDim: embedDim, kept: true };
}

/** In what a file's datasets differ from what it says of itself. */
async function damageOf(
  file: Hdf5File,
  samples: unknown,
  embedDim: number,
): Promise<string | undefined> {
  const expected = { features: [samples, embedDim], labels: [samples] };
  for (const [name, shape] of Object.entries(expected)) {
    const { header } = await file.dataset(name);
    const found = header.shape.slice(0, shape.length);
    if (found.join() === shape.join()) continue;
    return `dataset "${name}" is ${found.join("×")}, expected ${shape.join("×")}`;
  }
}

/** In what a finished file differs from the one that is to be. */
function difference(
  found: ReadonlyMap<string, unknown>,
  { attributes, shard }: FinishedWork,
): string {
  if (!found.has("fingerprint")) {
    return 'attribute "fingerprint" is missing: it is damaged, or another program wrote it';
  }
  const expected: Readonly<Record<string, unknown>> = { ...attributes, shard };
  const others = [...found.keys()].filter((name) => !OWN.has(name));
  for (const name of new Set([...Object.keys(expected), ...others])) {
    const [its, value] = [found.get(name), expected[name]];
    if (its !== value) return `its ${name} is ${its ?? "missing"}, expected ${value ?? "none"}`;
  }
  return "it holds other samples";
}

/** What says that a file was made from other images; `undefined` where nothing does. */
function changeOf(sizes: unknown, now: FileFacts, file: string): string | undefined {
  if (sizes !== undefined && sizes !== now.sizes_sha256) {
    return "sizes of its images are not what they were";
  }
  const { mtime } = statSync(file);
  if (Date.parse(now.newest) <= mtime.getTime()) return undefined;
  return `an image changed at ${now.newest}, the file is of ${mtime.toISOString()}`;
}

/** Removes what killed runs left half-written, unless another one may be writing. */
function removeLeftovers(file: string): void {
  const path = journalPath(file);
  const journal = isFile(path) ? openLocked(path) : undefined;
  if (journal === undefined && isFile(path)) return;
  removeTemporariesOf(file);
  journal?.close();
}
