/** Reads CIFAR's Python pickles: dicts of texts, numbers and one NumPy array of bytes. */
import { DataError } from "../../engine/errors.ts";
import {
  PickleError,
  PickleGlobal,
  type PickleHost,
  readPickle,
} from "../../engine/storage/torch/pickle_reader.ts";

/** A NumPy array of bytes. */
export class ByteArray {
  /** Lengths of the dimensions, the last one contiguous. */
  shape: readonly number[] = [];
  /** The content, a part of the pickle's own bytes. */
  bytes: Uint8Array = new Uint8Array(0);
}

/** A NumPy type. */
class ArrayType {
  /** @param name Kind and size, `u1`. */
  constructor(readonly name: unknown) {}
}

const NAMES: ReadonlySet<string> = new Set([
  "numpy.core.multiarray._reconstruct",
  "numpy._core.multiarray._reconstruct",
  "numpy.ndarray",
  "numpy.dtype",
]);

/** Longest string that is text; pixels are longer. */
const LONGEST_TEXT = 255;

const host: PickleHost = {
  global(name) {
    if (NAMES.has(name)) return new PickleGlobal(name);
    throw new PickleError(`it contains "${name}", which is not an array`);
  },
  reduce(callable, args) {
    if (callable instanceof PickleGlobal) {
      if (callable.name === "numpy.dtype") return new ArrayType(args[0]);
      if (callable.name.endsWith("._reconstruct")) return new ByteArray();
    }
    throw new PickleError("something that is not an array is made");
  },
  build(target, state) {
    if (target instanceof ArrayType) return;
    const [, shape, type, columnMajor, bytes] = Array.isArray(state) ? state : [];
    const known = target instanceof ByteArray && Array.isArray(shape) && columnMajor === false &&
      type instanceof ArrayType && type.name === "u1" && bytes instanceof Uint8Array &&
      shape.reduce((product, length) => product * length, 1) === bytes.length;
    if (!known) throw new PickleError("it contains an array that is not made of bytes, row by row");
    target.shape = shape;
    target.bytes = bytes;
  },
  persistent() {
    throw new PickleError("it refers to something outside");
  },
  string(bytes) {
    return bytes.length > LONGEST_TEXT ? bytes : String.fromCharCode(...bytes);
  },
};

/**
 * Reads a pickle.
 * @param path Its file, for messages.
 * @param bytes Its content.
 * @throws {DataError} if it is damaged or holds anything but a dict of plain values and byte arrays.
 */
export function readCifarPickle(path: string, bytes: Uint8Array): ReadonlyMap<unknown, unknown> {
  try {
    const value = readPickle(bytes, host);
    if (value instanceof Map) return value;
    throw new PickleError("it is not a dict");
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new DataError(`Cannot read "${path}": ${error.message}`, { file: path, cause: error });
  }
}
