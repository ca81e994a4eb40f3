/** Finds and reads CIFAR's files: the Python pickles and the binary version. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError } from "../../engine/errors.ts";
import type { RawBlock } from "../../engine/images/raw_image_source.ts";
import { FileReader } from "../../engine/storage/file_reader.ts";
import { ByteArray, readCifarPickle } from "./_cifar_pickle.ts";

/** Channels, height and width of every image. */
export const SHAPE = [3, 32, 32] as const;
const PIXELS = SHAPE[0] * SHAPE[1] * SHAPE[2];

/** Files of one form of the dataset, by role. */
interface FileNames {
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  readonly meta: string;
}

/** What is particular to one of the two datasets. */
export interface CifarFacts {
  /** Name in messages. */
  readonly name: string;
  /** Number of classes. */
  readonly num_classes: number;
  /** The archive that `download` fetches, and its md5. */
  readonly archive: { readonly name: string; readonly md5: string };
  /** The pickles that torchvision leaves on disk. */
  readonly pickles: FileNames & {
    readonly md5: Readonly<Record<string, string>>;
    readonly labelKey: string;
    readonly namesKey: string;
  };
  /** The binary version, whose records are some bytes of labels, the last one wanted, and pixels. */
  readonly binary: FileNames & { readonly labelBytes: number };
}

/** A folder with the dataset's files. */
export interface CifarFolder {
  /** The folder as messages name it. */
  readonly path: string;
  /** Form of the files. */
  readonly form: "pickles" | "binary";
}

/** Images and targets of some files. */
export interface CifarSamples {
  /** Where the images are. */
  readonly blocks: readonly RawBlock[];
  /** Class of each. */
  readonly labels: Int32Array;
  /** File and place in it of each. */
  readonly ids: readonly string[];
}

/**
 * Looks for the dataset in a folder, or for the folder that is the dataset.
 * @param root Folder to look in.
 * @param facts Which dataset.
 */
export function findCifar(root: string, facts: CifarFacts): CifarFolder | undefined {
  for (const form of ["pickles", "binary"] as const) {
    const { folder, test } = facts[form];
    const inside = join(root, folder);
    const path = [inside, root].find((path) =>
      basename(resolve(path)) === folder && existsSync(join(path, test[0]))
    ) ?? (existsSync(inside) ? inside : undefined);
    if (path !== undefined) {
      return { path, form };
    }
  }
  return undefined;
}

/** How files are read. */
interface ReadingOptions {
  readonly facts: CifarFacts;
  /** Whether files must have the published md5. */
  readonly checkMd5: boolean;
}

/**
 * Reads where the samples of a split are and what classes they have; no image is read.
 * @param found The folder.
 * @param part Which of the two official parts.
 * @param options Which dataset, and whether files are checked.
 * @throws {DataError} if a file is missing, damaged or another one than the published.
 */
export function readCifarSamples(
  { path, form }: CifarFolder,
  part: "train" | "test",
  options: ReadingOptions,
): CifarSamples {
  const read = form === "pickles" ? readPickled : readRecords;
  const parts = options.facts[form][part].map((name) => read(join(path, name), options));
  const num_classes = options.facts.num_classes;
  for (const { block: { file }, labels } of parts) {
    const index = labels.findIndex((label) => label < 0 || label >= num_classes);
    if (index < 0) continue;
    throw new DataError(
      `Cannot use "${file}": it holds class ${labels[index]} at ${index}, the classes of ` +
        `${options.facts.name} are 0 to ${num_classes - 1}`,
      { file, index },
    );
  }
  return {
    blocks: parts.map(({ block }) => block),
    labels: Int32Array.from(parts.flatMap(({ labels }) => [...labels])),
    ids: parts.flatMap(({ block: { file, count } }) =>
      Array.from({ length: count }, (_, i) => `${basename(file)}/${String(i).padStart(5, "0")}`)
    ),
  };
}

/**
 * Reads the names of the classes.
 * @param found The folder.
 * @param options Which dataset, and whether files are checked.
 * @throws {DataError} if they cannot be read.
 */
export function readCifarNames({ path, form }: CifarFolder, options: ReadingOptions): string[] {
  const { facts } = options;
  const file = join(path, facts[form].meta);
  const bytes = readChecked(file, options);
  const names = form === "pickles"
    ? readCifarPickle(file, bytes).get(facts.pickles.namesKey)
    : new TextDecoder().decode(bytes).split("\n").map((line) => line.trim()).filter(Boolean);
  if (Array.isArray(names) && names.length === facts.num_classes) return names.map(String);
  const found = Array.isArray(names) ? `${names.length} classes` : "no classes";
  throw new DataError(`Cannot use "${file}": it names ${found}, expected ${facts.num_classes}`, {
    file,
  });
}

/** Images of one file, and their classes. */
interface FilePart {
  readonly block: RawBlock;
  readonly labels: Int32Array;
}

function readPickled(file: string, options: ReadingOptions): FilePart {
  const bytes = readChecked(file, options);
  const pickle = readCifarPickle(file, bytes);
  const { labelKey } = options.facts.pickles;
  const [data, labels] = [pickle.get("data"), pickle.get(labelKey)];
  const fail = (state: string) => new DataError(`Cannot use "${file}": ${state}`, { file });
  if (!(data instanceof ByteArray) || data.shape.length !== 2 || data.shape[1] !== PIXELS) {
    throw fail(`"data" is not an array of images with ${PIXELS} values`);
  }
  const [count] = data.shape;
  if (!Array.isArray(labels) || labels.length !== count || !labels.every(Number.isInteger)) {
    throw fail(`"${labelKey}" is not a list of ${count} classes`);
  }
  // Python 3 writes pixels as text in this protocol; the published files come from Python 2.
  if (data.bytes.buffer !== bytes.buffer) throw fail('"data" is not stored as bytes');
  const offset = data.bytes.byteOffset - bytes.byteOffset;
  return {
    block: { file: resolve(file), count, offset, stride: PIXELS },
    labels: Int32Array.from(labels),
  };
}

/** Records of label bytes and pixels. They have no published md5; their size must fit. */
function readRecords(file: string, { facts }: ReadingOptions): FilePart {
  const { labelBytes } = facts.binary;
  const stride = labelBytes + PIXELS;
  using reader = FileReader.open(file);
  const count = reader.size / stride;
  if (!Number.isInteger(count) || count === 0) {
    throw new DataError(
      `Cannot read "${file}": it has ${reader.size} bytes, expected a multiple of ${stride}`,
      { file },
    );
  }
  const labels = Int32Array.from(
    { length: count },
    (_, i) => reader.read(i * stride + labelBytes - 1, 1)[0],
  );
  return { block: { file: resolve(file), count, offset: labelBytes, stride }, labels };
}

/** A whole file, which must have the published md5 where there is one. */
function readChecked(file: string, { facts, checkMd5 }: ReadingOptions): Uint8Array {
  using reader = FileReader.open(file);
  const bytes = reader.read(0, reader.size);
  const expected = facts.pickles.md5[basename(file)];
  if (!checkMd5 || expected === undefined) return bytes;
  const found = createHash("md5").update(bytes).digest("hex");
  if (found === expected) return bytes;
  throw new DataError(`Cannot use "${file}": its md5 is ${found}, expected ${expected}`, { file });
}
