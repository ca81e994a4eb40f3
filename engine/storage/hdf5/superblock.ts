/**
 * The first bytes of an HDF5 file: is it one, is it whole, and where is its root group.
 * @module
 */
import { DataError } from "../../errors.ts";
import type { FileReader } from "../file_reader.ts";

/** What the superblock tells. */
export interface Superblock {
  /** Position in the file that address 0 stands for. */
  readonly base: number;
  /** Bytes of an address. */
  readonly offsetSize: number;
  /** Bytes of a length. */
  readonly lengthSize: number;
  /** Address of the root group's object header. */
  readonly root: number;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Longest superblock: version 1 with addresses of 8 bytes. */
const MAX_LENGTH = 100;

/** Finds the signature at 0, 512, 1024, 2048, …, where HDF5 looks for it. */
function findSignature(file: FileReader): number {
  for (let at = 0; at + SIGNATURE.length <= file.size; at = at === 0 ? 512 : 2 * at) {
    const bytes = file.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => bytes[i] === byte)) return at;
  }
  return -1;
}

function readInteger(view: DataView, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** The fields of a superblock, before they are checked. */
interface Fields extends Superblock {
  /** Size that the file should have, whatever its base. */
  readonly end: number;
}

function parse(view: DataView, start: number): Fields {
  const version = view.getUint8(8);
  const old = version < 2;
  const offsetSize = view.getUint8(old ? 13 : 9);
  const lengthSize = view.getUint8(old ? 14 : 10);
  // Version 1 has four bytes more than version 0, before the addresses.
  const addresses = old ? 24 + 4 * version : 12;
  const address = (index: number) => readInteger(view, addresses + index * offsetSize, offsetSize);
  const base = address(0);
  // Old: base, free space, end, driver, then the root's symbol table entry: name, header.
  const root = address(old ? 5 : 3);
  // A file with a block of the user's before it may say 0 as its base.
  return { base: base === 0 ? start : base, offsetSize, lengthSize, root, end: address(2) };
}

/**
 * Reads and checks the superblock.
 *
 * @param file The open file.
 * @returns What it tells.
 * @throws {DataError} if the file is empty, not HDF5, or shorter than it says.
 */
export function readSuperblock(file: FileReader): Superblock {
  const fail = (state: string) =>
    new DataError(`Cannot read "${file.path}": ${state}`, { file: file.path });
  if (file.size === 0) throw fail("it is an empty file");
  const start = findSignature(file);
  if (start < 0) throw fail("it is not an HDF5 file");
  const length = Math.min(MAX_LENGTH, file.size - start);
  const bytes = new Uint8Array(MAX_LENGTH);
  bytes.set(file.read(start, length));
  const fields = parse(new DataView(bytes.buffer), start);
  if (length < 48 || file.size < fields.end) {
    throw fail(`it is truncated: ${file.size} bytes are left of ${fields.end}`);
  }
  return fields;
}
