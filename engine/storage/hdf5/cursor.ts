/**
 * Reading HDF5's own structures field by field, within the bounds of their blocks and of the file.
 * @module
 */
import type { FileReader } from "../file_reader.ts";
import { lookup3 } from "./lookup3.ts";
import type { Superblock } from "./superblock.ts";

/** A structure that this package does not know; the HDF5 library may. */
export class UnknownStructure extends Error {
  override name = "UnknownStructure";
}

/** A structure that contradicts itself or its file. */
export class DamagedStructure extends Error {
  override name = "DamagedStructure";
}

/** More bytes than any structure takes: what says that it does is damaged. */
const MAX_BLOCK_BYTES = 256 << 20;
/** Bytes of a checksum at the end of a block. */
const CHECKSUM_BYTES = 4;

/** Reads the fields of one block of a file, in order. */
export class Cursor {
  /** Position of the next field inside the block. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /**
   * @param bytes The block.
   * @param superblock Tells how long addresses and lengths are.
   */
  constructor(bytes: Uint8Array, readonly superblock: Superblock) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** Moves on by `count` bytes; gives where they begin. */
  #take(count: number): number {
    if (!(count <= this.left)) throw new DamagedStructure("a block ends too early");
    this.at += count;
    return this.at - count;
  }

  /** Passes over `count` bytes. */
  skip(count: number): this {
    this.#take(count);
    return this;
  }

  /** Takes `count` bytes. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Takes a part of the block, to be read by itself. */
  block(count: number): Cursor {
    return new Cursor(this.bytes(count), this.superblock);
  }

  /** Takes text. */
  text(count: number): string {
    return new TextDecoder().decode(this.bytes(count));
  }

  /** Takes bytes up to the next zero, and passes over that. */
  untilZero(): Uint8Array {
    const length = this.#bytes.subarray(this.at).indexOf(0);
    if (length < 0) throw new DamagedStructure("a text does not end");
    const bytes = this.bytes(length);
    this.skip(1);
    return bytes;
  }

  /** Takes one byte. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Takes two bytes. */
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** Takes four bytes. */
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Takes an unsigned integer of any size; beyond 2^53 it is not exact. */
  uint(size: number): number {
    const start = this.#take(size);
    if (size === 8) {
      return this.#view.getUint32(start, true) + 2 ** 32 * this.#view.getUint32(start + 4, true);
    }
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(start + i);
    return value;
  }

  /** Takes a length. */
  length(): number {
    const value = this.uint(this.superblock.lengthSize);
    if (!Number.isSafeInteger(value)) throw new DamagedStructure("a length is beyond 2^53");
    return value;
  }

  /** Takes a length; `undefined` where all its bits are set, which stands for no limit. */
  limit(): number | undefined {
    return this.#unlessAllSet(this.superblock.lengthSize);
  }

  /** Takes an address; `undefined` where the file says that there is none. */
  address(): number | undefined {
    return this.#unlessAllSet(this.superblock.offsetSize);
  }

  #unlessAllSet(size: number): number | undefined {
    const start = this.at;
    const value = this.uint(size);
    if (value < 2 ** (8 * size) - 1) return value;
    const none = this.#bytes.subarray(start, start + size).every((byte) => byte === 0xff);
    return none ? undefined : value;
  }

  /** Takes an address that must be there. */
  requiredAddress(): number {
    const address = this.address();
    if (address === undefined) throw new DamagedStructure("an address is not set");
    return address;
  }

  /** Passes over a signature, which must be `text`. */
  expect(text: string): this {
    if (this.text(text.length) !== text) throw new DamagedStructure(`no ${text} here`);
    return this;
  }
}

/** The blocks of an open file, by HDF5 address. */
export class Blocks {
  /**
   * @param file The open file.
   * @param superblock Its superblock.
   */
  constructor(readonly file: FileReader, readonly superblock: Superblock) {}

  /**
   * Reads a block.
   *
   * @param address Its address.
   * @param length Its length.
   * @returns A cursor at its start.
   * @throws {DamagedStructure} if the file does not hold it.
   */
  read(address: number, length: number): Cursor {
    const position = this.superblock.base + address;
    if (!(position + length <= this.file.size)) {
      throw new DamagedStructure("an address is outside the file");
    }
    if (length > MAX_BLOCK_BYTES) throw new DamagedStructure(`a block of ${length} bytes`);
    return new Cursor(this.file.read(position, length), this.superblock);
  }

  /**
   * Reads the start of a block whose length is not known yet.
   *
   * @param address Its address.
   * @param length What is read, unless the file ends before.
   * @returns A cursor at its start.
   * @throws {DamagedStructure} if the address is outside the file.
   */
  peek(address: number, length: number): Cursor {
    const left = this.file.size - this.superblock.base - address;
    if (!(left > 0)) throw new DamagedStructure("an address is outside the file");
    return this.read(address, Math.min(length, left));
  }

  /**
   * Reads a block that ends with its checksum, and verifies that.
   *
   * @param address Its address.
   * @param length Its length, without the checksum.
   * @returns A cursor at its start; the checksum is not part of it.
   * @throws {DamagedStructure} if the checksum differs, or the file does not hold the block.
   */
  checked(address: number, length: number): Cursor {
    const block = this.read(address, length + CHECKSUM_BYTES);
    const bytes = block.bytes(length);
    if (block.u32() !== lookup3(bytes)) throw new DamagedStructure("a checksum differs");
    return new Cursor(bytes, this.superblock);
  }
}
