/**
 * Undoes the filters of HDF5 chunks: gzip, shuffle and the Fletcher checksum.
 * @module
 */
import { inflateSync } from "node:zlib";
import type { Filter } from "./layout.ts";

/** Registered numbers of the filters that are known here. */
const FILTER = { gzip: 1, shuffle: 2, fletcher32: 3 } as const;

/** A chunk that does not decode. */
export class DamagedChunk extends Error {
  override name = "DamagedChunk";
}

/**
 * Tells whether all filters are known here.
 *
 * @param filters A dataset's filters.
 * @returns Whether {@linkcode undoFilters} can undo them.
 *
 * @example gzip is, lzf is not
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(canUndo([{ id: 1, values: [4] }]), true);
 * assertEquals(canUndo([{ id: 32000, values: [] }]), false);
 * ```
 */
export function canUndo(filters: readonly Filter[]): boolean {
  const known: readonly number[] = Object.values(FILTER);
  return filters.every(({ id }) => known.includes(id));
}

function inflate(bytes: Uint8Array, expected: number): Uint8Array {
  try {
    // Room for one byte more than expected lets the stream end without a second buffer.
    return inflateSync(bytes, { chunkSize: Math.max(64, expected + 1) });
  } catch (error) {
    throw new DamagedChunk("a compressed chunk is damaged", { cause: error });
  }
}

/** Puts bytes of the elements together again: all first bytes come first, then all second, … */
function unshuffle(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  if (size <= 1 || count <= 1) return bytes;
  const result = new Uint8Array(bytes.length);
  for (let part = 0; part < size; part++) {
    const from = part * count;
    for (let i = 0, to = part; i < count; i++, to += size) result[to] = bytes[from + i];
  }
  // What is left over stays where it is.
  result.set(bytes.subarray(count * size), count * size);
  return result;
}

/** Fletcher's checksum over big-endian words of 16 bits. */
function fletcher32(bytes: Uint8Array): number {
  let low = 0;
  let high = 0;
  const even = bytes.length - (bytes.length % 2);
  for (let i = 0; i < even;) {
    // 360 words fit into 32 bits before the sums must be folded.
    const end = Math.min(even, i + 720);
    for (; i < end; i += 2) {
      low += (bytes[i] << 8) | bytes[i + 1];
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + Math.floor(high / 65_536);
  }
  if (bytes.length > even) {
    low += bytes[even] << 8;
    high += low;
  }
  for (let fold = 0; fold < 2; fold++) {
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + Math.floor(high / 65_536);
  }
  return ((high << 16) | low) >>> 0;
}

/** Takes the checksum off and verifies it. */
function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) throw new DamagedChunk("a chunk is cut off");
  const data = bytes.subarray(0, -4);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + data.length, 4).getUint32(0, true);
  const sum = fletcher32(data);
  // Early versions of HDF5 wrote the bytes of each half the other way round.
  const swapped = ((sum & 0x00ff00ff) << 8 | (sum >>> 8) & 0x00ff00ff) >>> 0;
  if (stored !== sum && stored !== swapped) {
    throw new DamagedChunk("a chunk is damaged, its checksum differs");
  }
  return data;
}

/** Which filters a chunk went through, and what must come out. */
export interface UndoOptions {
  /** The dataset's filters. */
  readonly filters: readonly Filter[];
  /** Bit i is set if filter i was left out for this chunk. */
  readonly mask: number;
  /** Bytes of the decoded chunk. */
  readonly expected: number;
}

/**
 * Decodes a chunk.
 *
 * @param bytes The chunk as stored.
 * @param options Filters and expected length.
 * @returns The decoded bytes.
 * @throws {DamagedChunk} if the chunk does not decode to the expected length.
 *
 * @example Two numbers of two bytes, shuffled
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const filters = [{ id: 2, values: [2] }];
 * const bytes = undoFilters(new Uint8Array([1, 3, 2, 4]), { filters, mask: 0, expected: 4 });
 * assertEquals(bytes, new Uint8Array([1, 2, 3, 4]));
 * ```
 */
export function undoFilters(bytes: Uint8Array, options: UndoOptions): Uint8Array {
  const { filters, mask, expected } = options;
  let decoded = bytes;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (mask & (1 << i)) continue;
    const { id, values } = filters[i];
    if (id === FILTER.gzip) decoded = inflate(decoded, expected);
    else if (id === FILTER.shuffle) decoded = unshuffle(decoded, values[0] ?? 1);
    else decoded = checked(decoded);
  }
  if (decoded.length !== expected) {
    throw new DamagedChunk(`a chunk is damaged, it has ${decoded.length} bytes of ${expected}`);
  }
  return decoded;
}
