/** Where the two formats of PyTorch files keep the bytes of their storages. */
import { DataError } from "../../errors.ts";
import type { FileReader } from "../file_reader.ts";
import { swapBytes } from "../number_format.ts";
import type { ByteRange, StorageSource, TensorStorage } from "./tensor_view.ts";
import type { ZipReader } from "./zip_reader.ts";

/** How much more than its size a file's tensors may take, because they repeat their elements. */
const MAX_REPEATED = 1 << 28;
/** How much more than its size a zip archive may claim to hold. */
const MAX_UNPACKED = 1 << 30;

/** Storages of a file. */
abstract class Storages implements StorageSource {
  readonly path: string;
  readonly #most: number;
  readonly #swap: boolean;
  #spent = 0;

  /**
   * @param path The file.
   * @param facts Its bytes, and whether numbers begin with their highest byte.
   */
  constructor(
    path: string,
    { bytes, bigEndian }: { readonly bytes: number; readonly bigEndian: boolean },
  ) {
    this.path = path;
    this.#most = bytes + MAX_REPEATED;
    this.#swap = bigEndian;
  }

  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent <= this.#most) return;
    throw new DataError(
      `Cannot read "${this.path}": its tensors repeat their elements to ${this.#spent} bytes`,
      { file: this.path },
    );
  }

  read(storage: TensorStorage, { elementSize, ...range }: ByteRange): Uint8Array<ArrayBuffer> {
    if (range.length === 0) return new Uint8Array(0);
    const start = range.start + (storage.first ?? 0) * (storage.elementSize ?? 0);
    const bytes = this.readBytes(storage, { ...range, start });
    if (this.#swap) swapBytes(bytes, elementSize);
    return bytes;
  }

  protected abstract readBytes(
    storage: TensorStorage,
    range: Omit<ByteRange, "elementSize">,
  ): Uint8Array<ArrayBuffer>;

  protected wrongSize({ key, count, dtype }: TensorStorage, found: number): DataError {
    return new DataError(
      `Cannot read "${this.path}": storage "${key}" has ${found} bytes, which are not ${count} ` +
        `values of type ${dtype}`,
      { file: this.path, dataset: key },
    );
  }
}

/** Storages that are entries of a zip archive. */
export class ZipStorages extends Storages {
  readonly #archive: ZipReader;
  readonly #root: string;

  /**
   * @param archive The archive.
   * @param file Its path and size.
   * @param root The folder of everything inside it, with a slash at its end.
   */
  constructor(
    archive: ZipReader,
    file: { readonly path: string; readonly size: number },
    root: string,
  ) {
    const claimed = archive.names.reduce((sum, name) => sum + archive.size(name)!, 0);
    super(file.path, {
      bytes: Math.min(claimed, file.size + MAX_UNPACKED),
      bigEndian: isBigEndian(archive, file.path, `${root}byteorder`),
    });
    this.#archive = archive;
    this.#root = root;
  }

  protected readBytes(
    storage: TensorStorage,
    range: Omit<ByteRange, "elementSize">,
  ): Uint8Array<ArrayBuffer> {
    const name = `${this.#root}data/${storage.key}`;
    const size = this.#archive.size(name);
    if (size !== undefined && size !== storage.count * (storage.elementSize ?? 1)) {
      throw this.wrongSize(storage, size);
    }
    return this.#archive.read(name, range);
  }
}

function isBigEndian(archive: ZipReader, path: string, name: string): boolean {
  if (!archive.has(name)) return false;
  const length = Math.min(16, archive.size(name)!);
  const order = new TextDecoder().decode(archive.read(name, { length })).trim();
  if (order === "little" || order === "big") return order === "big";
  throw new DataError(`Cannot read "${path}": its byte order ${JSON.stringify(order)} is unknown`, {
    file: path,
    dataset: name,
  });
}

/** Storages that follow one another in a file, each behind its number of elements. */
export class LegacyStorages extends Storages {
  readonly #file: FileReader;
  readonly #places = new Map<string, { readonly at: number; readonly bytes: number }>();

  /** @param file The file. Its numbers are in little endian on whatever machine it was made. */
  constructor(file: FileReader) {
    super(file.path, { bytes: file.size, bigEndian: false });
    this.#file = file;
  }

  /**
   * Finds the storages.
   * @param order Storages in the order of the file.
   * @param start Where the first one lies.
   * @throws {DataError} if the file is damaged or ends too early.
   */
  locate(order: readonly TensorStorage[], start: number): void {
    let at = start;
    for (const storage of order) {
      const head = this.#file.read(at, 8);
      const count = Number(new DataView(head.buffer).getBigInt64(0, true));
      const bytes = count * (storage.elementSize ?? NaN);
      if (count !== storage.count || !(at + 8 + bytes <= this.#file.size)) {
        throw this.wrongSize(storage, Math.max(0, this.#file.size - at - 8));
      }
      this.#places.set(storage.key, { at: at + 8, bytes });
      at += 8 + bytes;
    }
  }

  protected readBytes(
    storage: TensorStorage,
    { start, length }: Omit<ByteRange, "elementSize">,
  ): Uint8Array<ArrayBuffer> {
    const place = this.#places.get(storage.key);
    if (place === undefined || start + length > place.bytes) {
      throw this.wrongSize(storage, place?.bytes ?? 0);
    }
    return this.#file.read(place.at + start, length);
  }
}
