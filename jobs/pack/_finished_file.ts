/**
 * Packed files that are there already: which of them may be kept.
 * @module
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { type FileFacts, labelsHash, namesHash } from "../../engine/data/data_facts.ts";
import type { Split } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import type { PackedFile } from "./events.ts";
import { ownFacts, type PackWork } from "./_pack_work.ts";

/** Attribute with the hash of everything that a file is made from, but for the values. */
const FINGERPRINT = "fingerprint";
/** Attribute with the hash of the sizes of the slides' files. */
const SIZES = "sizes_sha256";

/**
 * What a file says of itself besides the features' own attributes, so that work that goes on can tell
 * whether it is the one that is wanted.
 * @param work What the file is made from.
 * @param files Sizes and times of the slides' files.
 */
export function factsOf(
  { attributes, split }: PackWork,
  files: FileFacts,
): Readonly<Record<string, string>> {
  return { [FINGERPRINT]: fingerprint(attributes, split), [SIZES]: files.sizes_sha256 };
}

function fingerprint(
  attributes: PackWork["attributes"],
  { ids, patients, labels, bagLengths }: Split,
): string {
  const lines = [
    ...Object.entries(attributes).map(([name, value]) => `${name} ${value}`),
    `names ${namesHash(ids)}`,
    `patients ${namesHash(patients)}`,
    `labels ${labelsHash(labels)}`,
    `lengths ${bagLengths?.join() ?? "none"}`,
  ];
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

/**
 * Keeps a file that an earlier run has finished.
 * @param work What it should be made from.
 * @param files Sizes and times of the slides' files.
 * @returns What the file holds.
 * @throws {DataError} if it was made from something else, or slides have changed since.
 */
export async function keepFinished(work: PackWork, files: FileFacts): Promise<PackedFile> {
  const { name, file, range, embedDim, precision, instances } = work;
  using open = await Hdf5File.open(file);
  const state = difference(open.attributes(), work, files) ?? changeSince(file, files);
  if (state !== undefined) {
    throw new DataError(`Cannot keep "${file}": ${state}; --overwrite replaces it`, { file });
  }
  return {
    ...{ type: "file", split: name, file, samples: range.end - range.start },
    ...{ instances, embedDim, precision, kept: true },
  };
}

/** In what a finished file differs from the one that is wanted. */
function difference(
  found: ReadonlyMap<string, unknown>,
  work: PackWork,
  files: FileFacts,
): string | undefined {
  for (const [name, value] of Object.entries({ ...work.attributes, ...ownFacts(work) })) {
    const its = found.get(name);
    if (its !== value) return `its ${name} is ${its ?? "missing"}, expected ${value}`;
  }
  const facts = factsOf(work, files);
  if (found.get(FINGERPRINT) !== facts[FINGERPRINT]) return "it holds other slides or labels";
  return found.get(SIZES) === facts[SIZES]
    ? undefined
    : "sizes of its slides are not what they were";
}

function changeSince(file: string, { newest }: FileFacts): string | undefined {
  const { mtime } = statSync(file);
  if (Date.parse(newest) <= mtime.getTime()) return undefined;
  return `a slide changed at ${newest}, the file is of ${mtime.toISOString()}`;
}
