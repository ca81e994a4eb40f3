/**
 * Bags of any size inside one matrix of instances: `bag_ptr` (first rows, and the end) or
 * `bag_lengths`, checked against the features and the labels.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Hdf5File, Hdf5Header } from "../storage/hdf5/hdf5.ts";

/** Most instances of a bag. */
const MAX_LENGTH = 2 ** 31 - 1;

/** Where the bags lie. */
export interface BagPointers {
  /** Name of the dataset that tells. */
  readonly name: string;
  /** Instances per bag. */
  readonly lengths: Int32Array<ArrayBuffer>;
}

/** What the pointers must fit. */
export interface BagPointersOptions {
  /** Dataset of first rows. */
  readonly ptrKey: string;
  /** Dataset of lengths. */
  readonly lengthsKey: string;
  /** Number of labels. */
  readonly bags: number;
  /** Number of feature rows. */
  readonly rows: number;
  /** The features, for messages. */
  readonly features: Pick<Hdf5Header, "name" | "shape">;
}

function fail(file: Hdf5File, dataset: string, state: string, index?: number): DataError {
  const message = `Cannot read "${file.path}": dataset "${dataset}" ${state}`;
  return new DataError(message, { file: file.path, dataset, index });
}

/** A dataset of whole numbers; its length is checked before they are read. */
async function readWhole(
  file: Hdf5File,
  name: string,
  checkLength: (length: number) => void,
): Promise<Float64Array | undefined> {
  if (file.kindOf(name) === "missing") return undefined;
  const dataset = await file.dataset(name);
  const { length } = dataset.header.shape;
  if (length !== 1) throw fail(file, name, `has ${length} dimensions, wants 1`);
  checkLength(dataset.rows);
  const numbers = dataset.readNumbers();
  const broken = numbers.findIndex((value) => !Number.isInteger(value));
  if (broken < 0) return numbers;
  throw fail(file, name, `is not made of whole numbers: ${numbers[broken]} at ${broken}`, broken);
}

/** The lengths of bags, none of which is empty or longer than any array. */
function bagLengths(
  file: Hdf5File,
  name: string,
  lengths: ArrayLike<number>,
): Int32Array<ArrayBuffer> {
  for (let bag = 0; bag < lengths.length; bag++) {
    if (lengths[bag] === 0) throw fail(file, name, `makes bag ${bag} empty`, bag);
    if (lengths[bag] <= MAX_LENGTH) continue;
    throw fail(
      file,
      name,
      `makes bag ${bag} ${lengths[bag]} rows long, at most ${MAX_LENGTH}`,
      bag,
    );
  }
  return Int32Array.from(lengths);
}

function lengthsOfPtr(
  file: Hdf5File,
  ptr: Float64Array,
  options: BagPointersOptions,
): Int32Array<ArrayBuffer> {
  const { ptrKey, bags, rows } = options;
  if (ptr[0] !== 0) throw fail(file, ptrKey, `starts at ${ptr[0]}, wants 0`, 0);
  const falling = ptr.findIndex((value, i) => i > 0 && value < ptr[i - 1]);
  if (falling > 0) {
    const state = `decreases from ${ptr[falling - 1]} to ${ptr[falling]} at entry ${falling}`;
    throw fail(file, ptrKey, state, falling);
  }
  if (ptr[bags] !== rows) {
    throw fail(file, ptrKey, `ends at ${ptr[bags]} but there are ${rows} feature rows`, bags);
  }
  return bagLengths(file, ptrKey, ptr.slice(1).map((end, bag) => end - ptr[bag]));
}

function checkLengths(file: Hdf5File, lengths: Float64Array, options: BagPointersOptions): void {
  const { lengthsKey, rows } = options;
  const negative = lengths.findIndex((length) => length < 0);
  if (negative >= 0) {
    const state = `holds a negative length: ${lengths[negative]} for bag ${negative}`;
    throw fail(file, lengthsKey, state, negative);
  }
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (sum !== rows) {
    throw fail(file, lengthsKey, `sums to ${sum} but there are ${rows} feature rows`);
  }
}

/**
 * Reads and checks the bags of a file.
 *
 * @param file The open file.
 * @param options Names, and what the pointers must fit.
 * @returns The bags' lengths, or `undefined` if the file carries neither dataset.
 * @throws {DataError} if a dataset does not fit labels and features, or the two disagree.
 */
export async function bagPointers(
  file: Hdf5File,
  options: BagPointersOptions,
): Promise<BagPointers | undefined> {
  const { ptrKey, lengthsKey, features, bags, rows } = options;
  const checkBags = (name: string) => {
    if (features.shape.length === 3) {
      throw fail(file, features.name, `holds fixed-size bags but the file also carries "${name}"`);
    }
    if (bags > rows) {
      throw fail(file, name, `is for ${bags} bags but there are ${rows} feature rows`);
    }
  };
  const ptr = await readWhole(file, ptrKey, (length) => {
    checkBags(ptrKey);
    if (length === bags + 1) return;
    throw fail(file, ptrKey, `has ${length} entries, wants ${bags + 1} (${bags} labels + 1)`);
  });
  const given = await readWhole(file, lengthsKey, (length) => {
    checkBags(lengthsKey);
    if (length === bags) return;
    throw fail(file, lengthsKey, `has ${length} entries but there are ${bags} labels`);
  });
  const name = ptr ? ptrKey : lengthsKey;
  if (!ptr && !given) return undefined;
  if (!ptr && given) checkLengths(file, given, options);
  const lengths = ptr
    ? lengthsOfPtr(file, ptr, options)
    : bagLengths(file, lengthsKey, given ?? []);
  if (ptr && given) {
    const differs = lengths.findIndex((length, bag) => length !== given[bag]);
    if (differs >= 0) {
      const state = `bag ${differs} has ${lengths[differs]} rows by the one, ${given[differs]} ` +
        "by the other";
      throw fail(file, ptrKey, `and "${lengthsKey}" disagree: ${state}`, differs);
    }
  }
  return { name, lengths };
}
