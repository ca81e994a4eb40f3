/**
 * The first bytes of an HDF5 file: is it one, is it whole, and where is its root group.
 * @module
 */
import { DataError } from "../../errors.ts";
import { describeWrongFile, FILE_START } from "../file_kind.ts";
import type { FileReader } from "../file_reader.ts";
import { lookup3 } from "./lookup3.ts";

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
  /** Address of the superblock's own messages, where there are any. */
  readonly extension?: number;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Longest superblock: version 1 with addresses of 8 bytes. */
const MAX_LENGTH = 100;
/** Shortest superblock that is of use. */
const MIN_LENGTH = 48;
/** Flags of a file that a writer has open, or had when it was killed. */
const OPEN_FOR_WRITING = 0x01 | 0x04;

/** Finds the signature at 0, 512, 1024, 2048, …, where HDF5 looks for it. */
function findSignature(file: FileReader): number {
  for (let at = 0; at + SIGNATURE.length <= file.size; at = at === 0 ? 512 : 2 * at) {
    const bytes = file.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => bytes[i] === byte)) return at;
  }
  return -1;
}

/** The fields of a superblock, before they are checked against the file. */
interface Fields extends Superblock {
  /** Size that the file should have, whatever its base. */
  readonly end: number;
  /** Whether a writer has not closed the file. */
  readonly unclosed: boolean;
}

/** The fields, or what is wrong with them. */
function parse(bytes: Uint8Array, start: number): Fields | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(8);
  if (version > 3) return `its superblock is of version ${version}, which is not known here`;
  const old = version < 2;
  const offsetSize = view.getUint8(old ? 13 : 9);
  const lengthSize = view.getUint8(old ? 14 : 10);
  const odd = [offsetSize, lengthSize].find((size) => size !== 2 && size !== 4 && size !== 8);
  if (odd !== undefined) return `it is a damaged HDF5 file (addresses of ${odd} bytes)`;
  // Version 1 has four bytes more than version 0, before the addresses.
  const addresses = old ? 24 + 4 * version : 12;
  const at = (index: number) => addresses + index * offsetSize;
  const address = (index: number) => readInteger(view, at(index), offsetSize);
  if (!old && view.getUint32(at(4), true) !== lookup3(bytes.subarray(0, at(4)))) {
    return "it is a damaged HDF5 file (the checksum of its superblock differs)";
  }
  const base = address(0);
  return {
    // A file with a block of the user's before it may say 0 as its base.
    base: base === 0 ? start : base,
    offsetSize,
    lengthSize,
    // Old: base, free space, end, driver, then the root's symbol table entry: name, header.
    root: address(old ? 5 : 3),
    extension: old || address(1) >= 2 ** (8 * offsetSize) - 1 ? undefined : address(1),
    end: address(2),
    unclosed: version === 3 && (view.getUint8(11) & OPEN_FOR_WRITING) !== 0,
  };
}

function readInteger(view: DataView, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/**
 * Reads and checks the superblock.
 *
 * @param file The open file.
 * @returns What it tells.
 * @throws {DataError} if the file is empty, not HDF5, shorter than it says, damaged, or still open
 * for writing.
 */
export function readSuperblock(file: FileReader): Superblock {
  const fail = (state: string) =>
    new DataError(`Cannot read "${file.path}": ${state}`, { file: file.path });
  const start = findSignature(file);
  if (start < 0) {
    const beginning = file.read(0, Math.min(FILE_START, file.size));
    throw fail(describeWrongFile(beginning, "an HDF5 file"));
  }
  const length = Math.min(MAX_LENGTH, file.size - start);
  const bytes = new Uint8Array(MAX_LENGTH);
  bytes.set(file.read(start, length));
  if (length < MIN_LENGTH) throw fail("it is truncated, its superblock is cut off");
  const fields = parse(bytes, start);
  if (typeof fields === "string") throw fail(fields);
  if (fields.unclosed) {
    throw fail(
      "it was not closed by the program that wrote it, or is still being written; " +
        `"h5clear -s ${file.path}" makes it readable if nothing writes to it any more`,
    );
  }
  if (file.size < fields.end) {
    throw fail(`it is truncated: ${file.size} bytes are left of ${fields.end}`);
  }
  return fields;
}
