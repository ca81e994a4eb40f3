/**
 * The beginning of an image file and whatever else its header refers to, read in blocks as far as
 * they are needed: sizes are known before memory is taken for pixels.
 * @module
 */
import { ImageError } from "./image_error.ts";

/** Bytes that are read at once. */
export const BLOCK_BYTES = 1 << 16;

/** Most bytes of a file that its header may be spread over. */
const MAX_HEADER_BYTES = 1 << 24;

/** A block that has to be read before the header can be parsed any further. */
class MissingBlock extends Error {
  override name = "MissingBlock";
  readonly index: number;

  constructor(index: number) {
    super(`block ${index} is not read yet`);
    this.index = index;
  }
}

/** Reads bytes of a file. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array>;

/** Order of the bytes of a number. */
export type ByteOrder = "little" | "big";

/** Bytes of a file at any position. */
export class HeaderBytes {
  /** Bytes in the file. */
  readonly size: number;
  readonly #blocks = new Map<number, Uint8Array>();

  /**
   * Begins with what is known of a file.
   * @param size Bytes in the file.
   * @param start Its first bytes: whole blocks, or all of it.
   */
  constructor(size: number, start: Uint8Array = new Uint8Array(0)) {
    this.size = size;
    for (let at = 0; at < start.length; at += BLOCK_BYTES) {
      this.#blocks.set(at / BLOCK_BYTES, start.subarray(at, at + BLOCK_BYTES));
    }
  }

  /**
   * Bytes at a position.
   * @param at The first one.
   * @param length How many.
   * @throws {ImageError} if the file ends before.
   */
  bytes(at: number, length: number): Uint8Array {
    if (at + length > this.size) throw new ImageError("the file is truncated");
    const offset = at % BLOCK_BYTES;
    const first = this.#block((at - offset) / BLOCK_BYTES);
    if (offset + length <= BLOCK_BYTES) return first.subarray(offset, offset + length);
    const joined = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const from = (at + done) % BLOCK_BYTES;
      const block = this.#block((at + done - from) / BLOCK_BYTES);
      const part = block.subarray(from, from + length - done);
      joined.set(part, done);
      done += part.length;
    }
    return joined;
  }

  /**
   * A number of one byte.
   * @throws {ImageError} if the file ends before.
   */
  uint8(at: number): number {
    return this.bytes(at, 1)[0];
  }

  /**
   * A number of two bytes.
   * @throws {ImageError} if the file ends before.
   */
  uint16(at: number, order: ByteOrder): number {
    return this.#view(at, 2).getUint16(0, order === "little");
  }

  /**
   * A number of four bytes.
   * @throws {ImageError} if the file ends before.
   */
  uint32(at: number, order: ByteOrder): number {
    return this.#view(at, 4).getUint32(0, order === "little");
  }

  /**
   * A number of eight bytes; beyond 2^53 it is rounded.
   * @throws {ImageError} if the file ends before.
   */
  uint64(at: number, order: ByteOrder): number {
    return Number(this.#view(at, 8).getBigUint64(0, order === "little"));
  }

  /**
   * Bytes as text, one character each.
   * @throws {ImageError} if the file ends before.
   */
  text(at: number, length: number): string {
    return String.fromCharCode(...this.bytes(at, length));
  }

  /** Whether the file has these bytes there. */
  has(at: number, bytes: readonly number[]): boolean {
    return at + bytes.length <= this.size &&
      this.bytes(at, bytes.length).every((byte, i) => byte === bytes[i]);
  }

  /** Reads a block of the file. */
  async load(index: number, read: ReadBytes): Promise<void> {
    const at = index * BLOCK_BYTES;
    this.#blocks.set(index, await read(at, Math.min(BLOCK_BYTES, this.size - at)));
  }

  #view(at: number, length: number): DataView {
    const { buffer, byteOffset } = this.bytes(at, length);
    return new DataView(buffer, byteOffset, length);
  }

  #block(index: number): Uint8Array {
    const block = this.#blocks.get(index);
    if (block) return block;
    if (this.#blocks.size * BLOCK_BYTES >= MAX_HEADER_BYTES) {
      throw new ImageError("its header is spread over more than 16 MB");
    }
    throw new MissingBlock(index);
  }
}

/**
 * Parses what lies scattered over a file.
 *
 * @param bytes What is known of the file.
 * @param read Reads more of it.
 * @param parse Begins anew whenever a block more is known.
 * @returns What `parse` returns.
 * @throws {ImageError} as `parse` does.
 *
 * @example A number at the end of a file, whose beginning is not read
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = new Uint8Array(200_000);
 * file[199_999] = 7;
 * const read = (at: number, length: number) => Promise.resolve(file.subarray(at, at + length));
 * const last = await parseScattered(new HeaderBytes(200_000), read, (bytes) => bytes.uint8(199_999));
 * assertEquals(last, 7);
 * ```
 */
export async function parseScattered<T>(
  bytes: HeaderBytes,
  read: ReadBytes,
  parse: (bytes: HeaderBytes) => T,
): Promise<T> {
  for (;;) {
    try {
      return parse(bytes);
    } catch (error) {
      if (!(error instanceof MissingBlock)) throw error;
      await bytes.load(error.index, read);
    }
  }
}
