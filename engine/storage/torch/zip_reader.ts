/**
 * Reads zip archives (stored and deflated entries, also beyond 4 GiB) without loading them whole.
 * @module
 */
import { inflateRawSync } from "node:zlib";
import { DataError } from "../../errors.ts";
import { checksum } from "../checksum.ts";
import { FileReader } from "../file_reader.ts";

/** Bytes of an entry. */
type Content = Uint8Array<ArrayBuffer>;

/** An entry as the archive's directory describes it. */
interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** Longest end record: 22 bytes and a comment. */
const END_LENGTH = 22;
const MAX_COMMENT = 0xffff;
const LOCAL_LENGTH = 30;
const CENTRAL_LENGTH = 46;
const LIMIT_32 = 0xffff_ffff;

/** Longest directory: that of millions of entries. */
const MAX_DIRECTORY = 1 << 28;
/** Bytes that entries may unpack to beyond those that they are packed in, all together. */
const MAX_UNPACKED = 1 << 30;
/** Bytes that are read at once where only a part of an entry is wanted. */
const BLOCK_BYTES = 1 << 22;

/** Where the directory lies. */
interface Directory {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const wideAt = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

/** The 64-bit sizes and offset of an entry, for those of its fields that are full. */
function widen(entry: Entry, extra: DataView): Entry {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 0x0001) {
      let next = at + 4;
      const wide = (value: number) => {
        if (value < LIMIT_32) return value;
        next += 8;
        return wideAt(extra, next - 8);
      };
      const size = wide(entry.size);
      const packed = wide(entry.packed);
      return { ...entry, size, packed, offset: wide(entry.offset) };
    }
    at += 4 + length;
  }
  return entry;
}

/**
 * An open zip archive.
 *
 * @example Read an entry
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeFileAtomic } from "../atomic.ts";
 * import { zipChunks } from "./zip_writer.ts";
 * const path = `${Deno.makeTempDirSync()}/a.zip`;
 * await writeFileAtomic(path, zipChunks([{ name: "a", data: new Uint8Array([7]) }]));
 * using archive = ZipReader.open(path);
 * assertEquals(archive.read("a"), new Uint8Array([7]));
 * ```
 */
export class ZipReader implements Disposable {
  readonly #file: FileReader;
  readonly #entries = new Map<string, Entry>();
  /** Entries whose checksum was right, unpacked if they were packed. */
  readonly #verified = new Map<string, Uint8Array<ArrayBuffer> | undefined>();
  /** PyTorch can leave checksums out; then all of them are 0. */
  readonly #checksums: boolean;
  #unpacked = 0;

  private constructor(file: FileReader) {
    this.#file = file;
    try {
      this.#readDirectory(this.#findDirectory());
      this.#checksums = [...this.#entries.values()].some(({ crc }) => crc !== 0);
    } catch (error) {
      file.close();
      if (error instanceof RangeError) throw this.#damaged("its directory is cut off", error);
      throw error;
    }
  }

  /**
   * Opens an archive.
   *
   * @param path The file.
   * @returns The archive; close it.
   * @throws {DataError} if it cannot be opened, is cut off or is not a zip archive.
   */
  static open(path: string): ZipReader {
    return new ZipReader(FileReader.open(path));
  }

  /**
   * Reads an archive that is open already.
   *
   * @param file The file, which is closed with the archive, and at once if it is not one.
   * @returns The archive.
   * @throws {DataError} if it is cut off or is not a zip archive.
   */
  static of(file: FileReader): ZipReader {
    return new ZipReader(file);
  }

  /** Paths of all entries, in the order of the archive. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Tells whether there is an entry.
   *
   * @param name Its path.
   * @returns Whether there is one.
   */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Size of an entry.
   *
   * @param name Its path.
   * @returns Its bytes as the directory gives them; `undefined` if there is none.
   */
  size(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /**
   * Tells whether an entry is compressed.
   *
   * @param name Its path.
   * @returns Whether it takes less room than its content.
   */
  isPacked(name: string): boolean {
    return this.#entries.get(name)?.method !== 0;
  }

  /**
   * Reads an entry and verifies its checksum.
   *
   * @param name Its path.
   * @param range First byte and number of bytes, where only a part is wanted. No more than that is
   * kept in memory.
   * @returns Its content.
   * @throws {DataError} if it is missing or damaged, or unpacks to far more than it is packed in.
   */
  read(
    name: string,
    range: { readonly start?: number; readonly length?: number } = {},
  ): Uint8Array<ArrayBuffer> {
    const entry = this.#entries.get(name);
    if (!entry) throw this.#damaged(`entry "${name}" is missing`);
    const { start = 0, length = entry.size - start } = range;
    if (length < 0 || start + length > entry.size) {
      throw this.#damaged(`entry "${name}" has only ${entry.size} bytes`);
    }
    if (entry.method !== 0) return this.#unpack(name, entry).slice(start, start + length);
    if (entry.packed !== entry.size) throw this.#damaged(`entry "${name}" has two sizes`);
    const at = this.#contentOf(name, entry);
    if (length < entry.size && !this.#verified.has(name)) this.#verifyBlocks(name, entry, at);
    const data = this.#file.read(at + start, length);
    if (length === entry.size) this.#verify(name, entry, checksum(data));
    return data;
  }

  /** Releases the file. */
  close(): void {
    this.#file.close();
  }

  /** Releases the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Where the content of an entry begins. */
  #contentOf(name: string, entry: Entry): number {
    const local = viewOf(this.#file.read(entry.offset, LOCAL_LENGTH));
    if (local.getUint32(0, true) !== 0x04034b50) {
      throw this.#damaged(`entry "${name}" is not where the directory says`);
    }
    return entry.offset + LOCAL_LENGTH + local.getUint16(26, true) + local.getUint16(28, true);
  }

  #verify(name: string, { crc }: Entry, found: number): void {
    if (this.#checksums && found !== crc) {
      throw this.#damaged(`entry "${name}" does not match its checksum`);
    }
    if (!this.#verified.has(name)) this.#verified.set(name, undefined);
  }

  /** Computes the checksum of an entry without its content in memory. */
  #verifyBlocks(name: string, entry: Entry, at: number): void {
    if (!this.#checksums) return;
    let found = 0;
    for (let done = 0; done < entry.size; done += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, entry.size - done);
      found = checksum(this.#file.read(at + done, length), found);
    }
    this.#verify(name, entry, found);
  }

  /** The content of a packed entry, which is kept: parts of it may be wanted one by one. */
  #unpack(name: string, entry: Entry): Content {
    const known = this.#verified.get(name);
    if (known) return known;
    if (entry.method !== 8) {
      throw this.#damaged(`entry "${name}" is compressed with unknown method ${entry.method}`);
    }
    this.#unpacked += Math.max(0, entry.size - entry.packed);
    if (this.#unpacked > MAX_UNPACKED) {
      throw this.#damaged(`entry "${name}" unpacks to ${entry.size} bytes of ${entry.packed}`);
    }
    const packed = this.#file.read(this.#contentOf(name, entry), entry.packed);
    let data: Content;
    try {
      // One byte more than promised is enough to notice a lie.
      data = new Uint8Array(inflateRawSync(packed, { maxOutputLength: entry.size + 1 }));
    } catch (error) {
      throw this.#damaged(`entry "${name}" cannot be decompressed`, error);
    }
    if (data.length !== entry.size) {
      throw this.#damaged(`entry "${name}" does not match its checksum`);
    }
    this.#verify(name, entry, checksum(data));
    this.#verified.set(name, data);
    return data;
  }

  #findDirectory(): Directory {
    const { size } = this.#file;
    const length = Math.min(size, END_LENGTH + MAX_COMMENT);
    const tail = viewOf(this.#file.read(size - length, length));
    for (let at = length - END_LENGTH; at >= 0; at--) {
      if (tail.getUint32(at, true) !== 0x06054b50) continue;
      const narrow = {
        count: tail.getUint16(at + 10, true),
        length: tail.getUint32(at + 12, true),
        offset: tail.getUint32(at + 16, true),
      };
      return this.#wideDirectory(size - length + at) ?? narrow;
    }
    throw this.#damaged("it has no end, as if it were cut off");
  }

  /** The directory by the 64-bit records, which stand before the end record if there are any. */
  #wideDirectory(end: number): Directory | undefined {
    const locatorLength = 20;
    if (end < locatorLength) return undefined;
    const locator = viewOf(this.#file.read(end - locatorLength, locatorLength));
    if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
    const record = viewOf(this.#file.read(wideAt(locator, 8), 56));
    if (record.getUint32(0, true) !== 0x06064b50) return undefined;
    return { count: wideAt(record, 32), length: wideAt(record, 40), offset: wideAt(record, 48) };
  }

  #readDirectory({ offset, length, count }: Directory): void {
    if (length > MAX_DIRECTORY) throw this.#damaged("its directory is too long");
    const view = viewOf(this.#file.read(offset, length));
    const decoder = new TextDecoder();
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (view.getUint32(at, true) !== 0x02014b50) throw this.#damaged("its directory is damaged");
      const nameLength = view.getUint16(at + 28, true);
      const extraLength = view.getUint16(at + 30, true);
      const nameAt = view.byteOffset + at + CENTRAL_LENGTH;
      const name = decoder.decode(new Uint8Array(view.buffer, nameAt, nameLength));
      const entry: Entry = {
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        packed: view.getUint32(at + 20, true),
        size: view.getUint32(at + 24, true),
        offset: view.getUint32(at + 42, true),
      };
      const extra = new DataView(view.buffer, nameAt + nameLength, extraLength);
      this.#entries.set(name, widen(entry, extra));
      at += CENTRAL_LENGTH + nameLength + extraLength + view.getUint16(at + 32, true);
    }
  }

  #damaged(state: string, cause?: unknown): DataError {
    const file = this.#file.path;
    return new DataError(`Cannot read "${file}": the zip archive is damaged, ${state}`, {
      file,
      cause,
    });
  }
}
