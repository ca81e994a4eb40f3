/**
 * Undoes the filters of HDF5 chunks: gzip, shuffle, the Fletcher checksum and lzf. Tells which ones
 * the HDF5 library can undo.
 * @module
 */
import { inflateSync } from "node:zlib";
import type { Filter } from "./layout.ts";
import { DamagedChunk, unpackLzf } from "./lzf.ts";

/** Registered numbers of the filters that are known here. */
const FILTER = { gzip: 1, shuffle: 2, fletcher32: 3, lzf: 32_000 } as const;

/** Filters that the HDF5 library undoes, by registered number, besides those above. */
const LIBRARY_FILTERS: ReadonlyMap<number, string> = new Map([
  [5, "nbit"],
  [6, "scaleoffset"],
  [307, "bzip2"],
  [32_001, "blosc"],
  [32_004, "lz4"],
  [32_008, "bitshuffle"],
  [32_015, "zstd"],
  [32_019, "jpeg"],
  [32_022, "bitgroom"],
  [32_023, "bitround"],
  [32_026, "blosc2"],
]);

/** Filters that files may name and nothing here undoes. */
const OTHER_FILTERS: ReadonlyMap<number, string> = new Map([
  [4, "szip"],
  [305, "lzo"],
  [32_013, "zfp"],
  [32_017, "sz"],
  [32_024, "sz3"],
]);

/** Number of blosc, and where its parameters say which of its codecs was used. */
const BLOSC = { id: 32_001, codecAt: 6 } as const;
/** Codecs of blosc that its plugin is built without. */
const BLOSC_MISSING: ReadonlyMap<number, string> = new Map([[3, "snappy"], [4, "zlib"]]);

/** deflate makes no more than about 1,032 bytes of one. */
const MOST_EXPANSION = 1032;
/** Bytes of Fletcher's checksum. */
const CHECKSUM_BYTES = 4;

export { DamagedChunk } from "./lzf.ts";

/**
 * Tells whether all filters are known here.
 *
 * @param filters A dataset's filters.
 * @returns Whether {@linkcode undoFilters} can undo them.
 *
 * @example gzip is, zstd is not
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(canUndo([{ id: 1, values: [4] }]), true);
 * assertEquals(canUndo([{ id: 32015, values: [] }]), false);
 * ```
 */
export function canUndo(filters: readonly Filter[]): boolean {
  const known: readonly number[] = Object.values(FILTER);
  return filters.every(({ id }) => known.includes(id));
}

/**
 * Finds a filter that nothing here can undo, neither this package nor the HDF5 library.
 *
 * @param filters A dataset's filters.
 * @returns What to call the first such filter, or `undefined` if all can be undone.
 *
 * @example zfp cannot be undone
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(filterBeyondUs([{ id: 1, values: [] }]), undefined);
 * assertEquals(filterBeyondUs([{ id: 32013, values: [] }]), "filter 32013 (zfp)");
 * ```
 */
export function filterBeyondUs(filters: readonly Filter[]): string | undefined {
  const own: readonly number[] = Object.values(FILTER);
  for (const { id, name, values } of filters) {
    if (own.includes(id)) continue;
    const codec = id === BLOSC.id ? BLOSC_MISSING.get(values[BLOSC.codecAt]!) : undefined;
    if (codec !== undefined) return `filter ${id} (blosc with ${codec})`;
    if (LIBRARY_FILTERS.has(id)) continue;
    const called = OTHER_FILTERS.get(id) ?? name?.replaceAll(/\s+/g, " ").slice(0, 60);
    return called === undefined ? `filter ${id}` : `filter ${id} (${called})`;
  }
  return undefined;
}

function inflate(bytes: Uint8Array, expected: number): Uint8Array {
  // What is beyond that is not what was stored, whatever the file claims.
  if (expected > MOST_EXPANSION * bytes.length + MOST_EXPANSION) {
    throw new DamagedChunk(
      `a compressed chunk is damaged, ${bytes.length} bytes cannot hold ${expected}`,
    );
  }
  try {
    // Room for one byte more than expected lets the stream end without a second buffer.
    const chunkSize = Math.max(64, expected + 1);
    return inflateSync(bytes, { chunkSize, maxOutputLength: chunkSize });
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
    for (let i = 0, to = part; i < count; i++, to += size) result[to] = bytes[from + i]!;
  }
  // What is left over stays where it is.
  result.set(bytes.subarray(count * size), count * size);
  return result;
}

/** The size of elements that a shuffle was made for. */
function shuffledSize(values: readonly number[]): number {
  const [size] = values;
  if (values.length === 1 && size !== undefined && size > 0) return size;
  throw new DamagedChunk("a chunk was shuffled in elements of no size");
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
      low += (bytes[i]! << 8) | bytes[i + 1]!;
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + Math.floor(high / 65_536);
  }
  if (bytes.length > even) {
    low += bytes[even]! << 8;
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
  if (bytes.length < CHECKSUM_BYTES) throw new DamagedChunk("a chunk is cut off");
  const data = bytes.subarray(0, -CHECKSUM_BYTES);
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

/** Most bytes before filter `index` was applied: those before it may have added some. */
function mostBefore({ filters, mask, expected }: UndoOptions, index: number): number {
  const applied = filters.slice(0, index).filter((_, i) => !(mask & (1 << i)));
  return applied.reduce((length, { id }) => {
    if (id === FILTER.fletcher32) return length + CHECKSUM_BYTES;
    return id === FILTER.shuffle ? length : Math.ceil(length * 1.01) + 1024;
  }, expected);
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
    const { id, values } = filters[i]!;
    if (id === FILTER.gzip) decoded = inflate(decoded, mostBefore(options, i));
    else if (id === FILTER.lzf) decoded = unpackLzf(decoded, mostBefore(options, i));
    else if (id === FILTER.shuffle) decoded = unshuffle(decoded, shuffledSize(values));
    else decoded = checked(decoded);
  }
  if (decoded.length !== expected) {
    throw new DamagedChunk(`a chunk is damaged, it has ${decoded.length} bytes of ${expected}`);
  }
  return decoded;
}
