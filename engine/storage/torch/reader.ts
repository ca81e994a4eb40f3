/**
 * Reads PyTorch files (zip and pickle). Nothing in a file is run: it can make tensors and plain
 * values, and whatever else it asks for is refused by name.
 * @module
 */
import { DataError } from "../../errors.ts";
import { FileReader } from "../file_reader.ts";
import { swapBytes } from "../number_format.ts";
import { PickleError, readPickle } from "./pickle_reader.ts";
import type { TorchValue } from "./pickle_values.ts";
import type { TensorType } from "../tensor_types.ts";
import { TENSOR_TYPES } from "../tensor_types.ts";
import { TorchHost } from "./host.ts";
import { ZipReader } from "./zip_reader.ts";

/** Reads the storages of an archive, each once. */
class Storages {
  readonly #archive: ZipReader;
  readonly #path: string;
  readonly #root: string;
  readonly #bigEndian: boolean;
  readonly #known = new Map<string, Uint8Array>();

  constructor(archive: ZipReader, path: string, root: string) {
    this.#archive = archive;
    this.#path = path;
    this.#root = root;
    const order = `${root}byteorder`;
    this.#bigEndian = archive.has(order) &&
      new TextDecoder().decode(archive.read(order)).trim() === "big";
  }

  read(key: string, dtype: TensorType, count: number): Uint8Array {
    const id = `${dtype} ${key}`;
    const known = this.#known.get(id);
    if (known) return known;
    const bytes = this.#archive.read(`${this.#root}data/${key}`);
    const { size } = TENSOR_TYPES[dtype].format;
    if (bytes.length !== count * size) {
      throw new DataError(
        `Cannot read "${this.#path}": storage "${key}" has ${bytes.length} bytes, ` +
          `${count} values of type ${dtype} take ${count * size}`,
        { file: this.#path, dataset: key },
      );
    }
    if (this.#bigEndian) swapBytes(bytes, size);
    this.#known.set(id, bytes);
    return bytes;
  }
}

/** Tells a zip archive from PyTorch's older format and from everything else. */
function checkSignature(path: string): void {
  using file = FileReader.open(path);
  const start = file.read(0, Math.min(4, file.size));
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  const fail = (state: string) => new DataError(`Cannot read "${path}": ${state}`, { file: path });
  if (file.size === 0) throw fail("it is an empty file");
  if (start[0] === 0x80 && start[1] === 0x02) {
    throw fail(
      "it is in PyTorch's format from before version 1.6, resave it in Python with " +
        "torch.save(torch.load(path), path)",
    );
  }
  throw fail("it is not a PyTorch file");
}

/**
 * Reads a PyTorch file.
 *
 * Dicts become `Map`, ordered dicts `OrderedDict`, lists, tuples and sets arrays. Tensors keep their
 * type and are contiguous; those that share a storage share memory. Parameters become tensors.
 *
 * @param path The file.
 * @returns Its value.
 * @throws {DataError} if the file is missing, damaged, or holds something that is neither a tensor
 * nor a plain value; the message names that.
 *
 * @example Read a checkpoint
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeTorchFile } from "./torch_file.ts";
 * const path = `${Deno.makeTempDirSync()}/last.pt`;
 * await writeTorchFile(path, { epoch: 3 });
 * assertEquals(readTorchFile(path), new Map([["epoch", 3]]));
 * ```
 */
export function readTorchFile(path: string): TorchValue {
  checkSignature(path);
  using archive = ZipReader.open(path);
  const pickle = archive.names.find((name) => /^([^/]*\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new DataError(
      `Cannot read "${path}": it is a zip archive but not a PyTorch file, data.pkl is missing`,
      { file: path },
    );
  }
  const storages = new Storages(archive, path, pickle.slice(0, -"data.pkl".length));
  const host = new TorchHost(path, (key, dtype, count) => storages.read(key, dtype, count));
  try {
    return readPickle(archive.read(pickle), host) as TorchValue;
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new DataError(`Cannot read "${path}": its pickle is damaged, ${error.message}`, {
      file: path,
      dataset: pickle,
      cause: error,
    });
  }
}
