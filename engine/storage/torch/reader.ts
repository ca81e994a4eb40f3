/**
 * Opens PyTorch files: zip archives, and the format from before version 1.6. Nothing in a file is
 * run. Opening reads names, shapes and plain values; tensors are read when they are wanted, and
 * objects of other classes are passed over.
 * @module
 */
import { DataError } from "../../errors.ts";
import { describeWrongFile, FILE_START, type FileKind, fileKind } from "../file_kind.ts";
import { FileReader } from "../file_reader.ts";
import { LegacyStorages, ZipStorages } from "./_storages.ts";
import { TorchHost } from "./host.ts";
import {
  PickleError,
  type PickleHost,
  type PickleRead,
  readPickle,
  readPickleAt,
  UnfinishedPickle,
} from "./pickle_reader.ts";
import type { TorchTree } from "./pickle_values.ts";
import { ZipReader } from "./zip_reader.ts";

/** Kinds of files that {@linkcode TorchFile.open} reads. */
export const TORCH_KINDS: readonly FileKind[] = ["zip", "torch_legacy"];
/** Most bytes of a pickle, tensors aside. */
const MAX_PICKLE = 1 << 28;
/** Most bytes of a pickle that is packed, which PyTorch never does. */
const MAX_UNPACKED_PICKLE = 1 << 26;
/** Bytes of a legacy file that are looked at first. */
const FIRST_WINDOW = 1 << 20;
/** What `torch.save` writes behind the magic number. */
const LEGACY_VERSION = 1001;

function fail(path: string, state: string, cause?: unknown): DataError {
  return new DataError(`Cannot read "${path}": ${state}`, { file: path, cause });
}

/** Turns a damaged pickle into an error that names the file. */
function withPath<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw fail(path, `its pickle is damaged, ${error.message}`, error);
  }
}

/**
 * An open PyTorch file.
 *
 * @example Read one tensor of a checkpoint
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isLazyTensor, storedTensor, toFloat32, type TorchTree, writeTorchFile } from
 *   "./torch_file.ts";
 * const path = `${Deno.makeTempDirSync()}/last.pt`;
 * const bias = storedTensor("float32", [2], new Float32Array([1, 2]));
 * await writeTorchFile(path, { epoch: 3, bias });
 * using file = TorchFile.open(path);
 * const tree = file.tree as ReadonlyMap<string, TorchTree>;
 * assertEquals(tree.get("epoch"), 3);
 * const tensor = tree.get("bias");
 * if (!isLazyTensor(tensor)) throw new TypeError();
 * assertEquals(toFloat32(tensor.read("bias")).data, new Float32Array([1, 2]));
 * ```
 */
export class TorchFile implements Disposable {
  /** The file. */
  readonly path: string;
  /** What it holds. */
  readonly tree: TorchTree;
  readonly #open: Disposable;

  /**
   * @param path The file.
   * @param tree What it holds.
   * @param open What to close with it.
   */
  private constructor(path: string, tree: unknown, open: Disposable) {
    this.path = path;
    this.tree = tree as TorchTree;
    this.#open = open;
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @returns The open file; close it.
   * @throws {DataError} if it is missing or damaged, or is not a PyTorch file; the message says what
   * it is instead.
   */
  static open(path: string): TorchFile {
    return TorchFile.of(FileReader.open(path));
  }

  /**
   * Reads the names and plain values of a file that is open already.
   *
   * @param file The file, which is closed with what comes back, or at once if it is refused.
   * @returns The open file; close it.
   * @throws {DataError} as {@linkcode TorchFile.open} does.
   */
  static of(file: FileReader): TorchFile {
    const { path } = file;
    try {
      const start = file.start(FILE_START);
      const kind = fileKind(start);
      if (kind === "zip") return new TorchFile(path, readArchive(ZipReader.of(file), file), file);
      if (kind === "torch_legacy") {
        return new TorchFile(path, withPath(path, () => readLegacy(file)), file);
      }
      throw fail(path, describeWrongFile(start, "a PyTorch file"));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Releases the file; tensors that were not read cannot be read any more. */
  [Symbol.dispose](): void {
    this.#open[Symbol.dispose]();
  }
}

function readArchive(archive: ZipReader, file: FileReader): unknown {
  const { path } = file;
  const root = rootOf(archive, path);
  const pickle = readArchivePickle(archive, `${root}data.pkl`, path);
  const host = new TorchHost(new ZipStorages(archive, file, root));
  return withPath(path, () => readPickle(pickle, host));
}

/** The folder inside an archive that holds its pickle. */
function rootOf(archive: ZipReader, path: string): string {
  const { names } = archive;
  const pickle = names.find((name) => /^([^/]*\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    const [first = "nothing"] = names;
    const state = `it is a zip archive of ${JSON.stringify(first)}${names.length > 1 ? ", …" : ""}`;
    throw fail(path, `${state}, not a PyTorch file: data.pkl is missing`);
  }
  const root = pickle.slice(0, -"data.pkl".length);
  if (!archive.has(`${root}constants.pkl`)) return root;
  throw fail(
    path,
    "it is a TorchScript archive: save its weights in Python with " +
      "torch.save(torch.jit.load(path).state_dict(), path)",
  );
}

function readArchivePickle(archive: ZipReader, name: string, path: string): Uint8Array {
  const size = archive.size(name)!;
  const most = archive.isPacked(name) ? MAX_UNPACKED_PICKLE : MAX_PICKLE;
  if (size > most) throw fail(path, `its pickle has ${size} bytes, at most ${most} are read`);
  return archive.read(name);
}

/** Pickles of a legacy file besides the one of its value. */
const plainHost: PickleHost = {
  global: refuse,
  reduce: refuse,
  build: refuse,
  persistent: refuse,
};

function refuse(): never {
  throw new PickleError("its head holds more than plain values");
}

/** Reads a legacy file: magic number, version, system, value, keys of storages; then the storages. */
function readLegacy(file: FileReader): unknown {
  for (let window = FIRST_WINDOW;; window *= 8) {
    const length = Math.min(window, file.size, MAX_PICKLE);
    try {
      return readLegacyPickles(file, file.read(0, length));
    } catch (error) {
      const longer = length < file.size && length < MAX_PICKLE;
      if (!(error instanceof UnfinishedPickle) || !longer) throw error;
    }
  }
}

function readLegacyPickles(file: FileReader, bytes: Uint8Array): unknown {
  const magic = readPickleAt(bytes, plainHost, 0);
  const version = readPickleAt(bytes, plainHost, magic.end);
  if (version.value !== LEGACY_VERSION) throw new PickleError(`its version is ${version.value}`);
  const system = readPickleAt(bytes, plainHost, version.end);
  const storages = new LegacyStorages(file);
  const host = new TorchHost(storages);
  const { value, end } = readPickleAt(bytes, host, system.end);
  const keys = readPickleAt(bytes, plainHost, end);
  storages.locate(storagesOf(keys, host), keys.end);
  return value;
}

function storagesOf({ value }: PickleRead, { storages }: TorchHost) {
  const keys = Array.isArray(value) ? value : [];
  return keys.map((key) => {
    const storage = storages.get(key);
    if (storage === undefined) throw new PickleError("a storage belongs to no tensor");
    return storage;
  });
}
