/**
 * Reading HDF5's own structures field by field.
 * @module
 */
import type { FileReader } from "../file_reader.ts";
import type { Superblock } from "./superblock.ts";

/** A structure that this package does not know; the HDF5 library may. */
export class UnknownStructure extends Error {
  override name = "UnknownStructure";
}

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

  /** Passes over `count` bytes. */
  skip(count: number): this {
    this.at += count;
    return this;
  }

  /** Takes `count` bytes. */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw new UnknownStructure("a block ends too early");
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  /** Takes text. */
  text(count: number): string {
    return new TextDecoder().decode(this.bytes(count));
  }

  /** Takes one byte. */
  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  /** Takes two bytes. */
  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2, true);
  }

  /** Takes four bytes. */
  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  /** Takes an unsigned integer of any size. */
  uint(size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(this.at + i);
    this.at += size;
    return value;
  }

  /** Takes a length. */
  length(): number {
    return this.uint(this.superblock.lengthSize);
  }

  /** Takes an address; `undefined` where the file says that there is none. */
  address(): number | undefined {
    const { offsetSize } = this.superblock;
    const none = this.#bytes.subarray(this.at, this.at + offsetSize).every((byte) => byte === 0xff);
    const value = this.uint(offsetSize);
    return none ? undefined : value;
  }

  /** Takes an address that must be there. */
  requiredAddress(): number {
    const address = this.address();
    if (address === undefined) throw new UnknownStructure("an address is not set");
    return address;
  }

  /** Passes over a signature, which must be `text`. */
  expect(text: string): this {
    if (this.text(text.length) !== text) throw new UnknownStructure(`no ${text} here`);
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
   * @param length Its length; less is read where the file ends before.
   * @returns A cursor at its start.
   * @throws {UnknownStructure} if the address is outside the file.
   */
  read(address: number, length: number): Cursor {
    const position = this.superblock.base + address;
    const available = Math.min(length, this.file.size - position);
    if (available <= 0) throw new UnknownStructure("an address is outside the file");
    return new Cursor(this.file.read(position, available), this.superblock);
  }
}
