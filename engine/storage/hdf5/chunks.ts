/**
 * Where the chunks of a dataset lie: the indexes that HDF5 keeps of them.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { readRecords, RECORDS } from "./btree2.ts";
import { ChunkTree } from "./chunk_tree.ts";
import { type Blocks, type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { readExtensibleArray } from "./extensible_array.ts";
import type { ChunkIndex } from "./layout.ts";

/** Addresses of all chunks, by their row-major place in the grid of chunks. */
export interface ChunkTable {
  /** Chunks along each dimension. */
  readonly grid: readonly number[];
  /** Position in the file; -1 for a chunk that was never written. */
  readonly positions: Float64Array;
  /** Stored bytes. */
  readonly sizes: Float64Array;
  /** Bit i is set if filter i was left out. */
  readonly masks: Uint32Array;
  /** How many chunks were never written. */
  readonly unwritten: number;
}

/** What the search for chunks needs to know. */
export interface ChunkOptions {
  /** Dimensions of the dataset. */
  readonly shape: readonly number[];
  /** How far they may grow; some indexes have a place for every chunk that may come. */
  readonly maxShape: readonly (number | undefined)[];
  /** Dimensions of a chunk. */
  readonly chunk: readonly number[];
  /** Bytes of a decoded chunk. */
  readonly chunkBytes: number;
  /** Whether chunks went through filters. */
  readonly filtered: boolean;
  /** Whether chunks that reach over the edge did not. @default {false} */
  readonly plainEdges?: boolean;
}

/** Mask of a chunk that went through no filter. */
const NO_FILTERS = 0xffffffff;
/** Chunks up to this number may outnumber the bytes of the file: all but a few are unwritten. */
const FEW_CHUNKS = 1 << 20;
/** Bytes of a filter mask. */
const MASK_BYTES = 4;

/** A chunk as an index describes it. */
interface Chunk {
  readonly address: number;
  readonly size: number;
  readonly mask: number;
}

class TableBuilder {
  readonly #blocks: Blocks;
  readonly #options: ChunkOptions;
  readonly #grid: readonly number[];
  readonly #positions: Float64Array;
  readonly #sizes: Float64Array;
  readonly #masks: Uint32Array;
  #found = 0;

  constructor(blocks: Blocks, options: ChunkOptions) {
    this.#blocks = blocks;
    this.#options = options;
    this.#grid = options.shape.map((size, axis) => Math.ceil(size / options.chunk[axis]));
    const count = sizeOf(this.#grid);
    if (count > Math.max(FEW_CHUNKS, blocks.file.size)) {
      throw new UnknownStructure("more chunks than the file has bytes");
    }
    this.#positions = new Float64Array(count).fill(-1);
    this.#sizes = new Float64Array(count);
    this.#masks = new Uint32Array(count);
  }

  get count(): number {
    return this.#positions.length;
  }

  /** Chunks along each dimension of a dataset that has grown as far as it may. */
  #largestGrid(): number[] {
    const { maxShape, chunk } = this.#options;
    return maxShape.map((size, axis) => {
      if (size === undefined) throw new DamagedStructure("an array for a dataset without limits");
      return Math.ceil(size / chunk[axis]);
    });
  }

  /** Sets the chunk at a place of the largest grid, if the dataset has grown that far. */
  #setOf(largest: readonly number[], index: number, chunk: Chunk): void {
    const at: number[] = [];
    let rest = index;
    for (let axis = largest.length - 1; axis >= 0; axis--) {
      at[axis] = rest % largest[axis];
      rest = Math.floor(rest / largest[axis]);
    }
    this.#setAt(at, chunk);
  }

  set(place: number, { address, size, mask }: Chunk): void {
    const { filtered, chunkBytes } = this.#options;
    const position = this.#blocks.superblock.base + address;
    if (!(position + size <= this.#blocks.file.size)) {
      throw new DamagedStructure("a chunk is outside the file");
    }
    const plain = !filtered || this.#isPlain(place);
    if (plain && size !== chunkBytes) {
      throw new DamagedStructure(`a chunk of ${size} bytes instead of ${chunkBytes}`);
    }
    if (this.#positions[place] >= 0) throw new DamagedStructure("an index has a chunk twice");
    this.#found++;
    this.#positions[place] = position;
    this.#sizes[place] = size;
    this.#masks[place] = plain ? NO_FILTERS : mask;
  }

  /** Whether a chunk reaches over the edge, and those have no filters. */
  #isPlain(place: number): boolean {
    const { plainEdges, shape, chunk } = this.#options;
    if (!plainEdges) return false;
    let rest = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % this.#grid[axis];
      if ((at + 1) * chunk[axis] > shape[axis]) return true;
      rest = Math.floor(rest / this.#grid[axis]);
    }
    return false;
  }

  finish(): ChunkTable {
    return {
      grid: this.#grid,
      positions: this.#positions,
      sizes: this.#sizes,
      masks: this.#masks,
      unwritten: this.count - this.#found,
    };
  }

  /** Version 1 B-tree, whose keys are the chunks' first elements. */
  readTree(address: number): void {
    const { shape, chunk } = this.#options;
    for (const { first, ...stored } of new ChunkTree(this.#blocks, chunk).chunks(address)) {
      // Chunks beyond the edge are left from before the dataset shrank.
      if (first.some((at, axis) => at >= shape[axis])) continue;
      const place = first.reduce((sum, at, axis) => sum * this.#grid[axis] + at / chunk[axis], 0);
      this.set(place, stored);
    }
  }

  /** Chunks one after the other, all of them in the file from the start. */
  readImplicit(address: number): void {
    const { chunkBytes } = this.#options;
    const largest = this.#largestGrid();
    const total = largest.reduce((product, size) => product * size, 1);
    if (!(total * chunkBytes <= this.#blocks.file.size)) {
      throw new DamagedStructure("a chunk is outside the file");
    }
    for (let index = 0; index < total; index++) {
      const chunk = { address: address + index * chunkBytes, size: chunkBytes, mask: 0 };
      this.#setOf(largest, index, chunk);
    }
  }

  /** Fixed array: addresses one after the other, in pages if there are many. */
  readFixedArray(address: number): void {
    const { offsetSize, lengthSize } = this.#blocks.superblock;
    const head = this.#blocks.checked(address, 8 + lengthSize + offsetSize).expect("FAHD");
    this.#expectVersion(head);
    const entry = head.u8();
    const pageSize = 2 ** head.u8();
    const largest = this.#largestGrid();
    const total = largest.reduce((product, size) => product * size, 1);
    if (head.length() !== total) throw new DamagedStructure("an array of another length");
    this.#checkEntry(entry - offsetSize);
    const data = head.address();
    if (data === undefined) return;
    const pages = Math.ceil(total / pageSize);
    const prefix = 6 + offsetSize;
    const whole = pages <= 1 ? total * entry : Math.ceil(pages / 8);
    const block = this.#blocks.checked(data, prefix + whole).expect("FADB");
    this.#expectVersion(block);
    if (block.address() !== address) throw new DamagedStructure("an array is another's");
    if (pages <= 1) return this.#readElements(block, { start: 0, count: total, entry, largest });
    const used = block.bytes(whole);
    let at = data + prefix + whole + 4;
    for (let page = 0; page < pages; page++) {
      const start = page * pageSize;
      const count = Math.min(pageSize, total - start);
      if (used[page >> 3] & (0x80 >> (page & 7))) {
        const elements = this.#blocks.checked(at, count * entry);
        this.#readElements(elements, { start, count, entry, largest });
      }
      at += count * entry + 4;
    }
  }

  /** What an entry has besides its address: with filters, the chunk's size and mask. */
  #checkEntry(rest: number): void {
    const { filtered } = this.#options;
    if (filtered ? rest < 1 + MASK_BYTES || rest > 8 + MASK_BYTES : rest !== 0) {
      throw new DamagedStructure(`an index's entries are of an odd size`);
    }
  }

  /** Extensible array: one dimension without limit, which counts slowest there. */
  readExtensibleArray(address: number): void {
    const { maxShape, chunk, filtered } = this.#options;
    const array = readExtensibleArray(this.#blocks, address, Number(filtered));
    this.#checkEntry(array.entry - this.#blocks.superblock.offsetSize);
    const free = maxShape.indexOf(undefined);
    if (free < 0) throw new DamagedStructure("an array for a dataset with limits");
    const order = [free, ...maxShape.keys().filter((axis) => axis !== free)];
    const largest = order.map((axis) => Math.ceil((maxShape[axis] ?? 0) / chunk[axis]));
    for (const { block, start, count } of array.parts) {
      for (let i = 0; i < count; i++) {
        const stored = this.#entry(block, array.entry);
        if (!stored) continue;
        const at: number[] = [];
        let rest = start + i;
        for (let k = order.length - 1; k > 0; k--) {
          at[order[k]] = rest % largest[k];
          rest = Math.floor(rest / largest[k]);
        }
        at[free] = rest;
        this.#setAt(at, stored);
      }
    }
  }

  /** Version 2 B-tree: several dimensions without limit. */
  readTree2(address: number): void {
    const { filtered } = this.#options;
    const type = filtered ? RECORDS.filteredChunks : RECORDS.chunks;
    for (const record of readRecords(this.#blocks, address, type)) {
      const entry = record.left - 8 * this.#grid.length;
      this.#checkEntry(entry - this.#blocks.superblock.offsetSize);
      const stored = this.#entry(record, entry);
      if (!stored) throw new DamagedStructure("an address is not set");
      this.#setAt(this.#grid.map(() => record.uint(8)), stored);
    }
  }

  /** An entry of an index; `undefined` where there is no chunk. */
  #entry(block: Cursor, bytes: number): Chunk | undefined {
    const { filtered, chunkBytes } = this.#options;
    const address = block.address();
    const size = filtered
      ? block.uint(bytes - this.#blocks.superblock.offsetSize - MASK_BYTES)
      : chunkBytes;
    const mask = filtered ? block.u32() : 0;
    return address === undefined ? undefined : { address, size, mask };
  }

  /** Sets a chunk by its place along each dimension, if the dataset has grown that far. */
  #setAt(at: readonly number[], chunk: Chunk): void {
    if (at.some((place, axis) => place >= this.#grid[axis])) return;
    this.set(at.reduce((sum, place, axis) => sum * this.#grid[axis] + place, 0), chunk);
  }

  #expectVersion(block: Cursor): void {
    const version = block.u8();
    if (version !== 0) throw new UnknownStructure(`array of version ${version}`);
    if (block.u8() !== Number(this.#options.filtered)) {
      throw new DamagedStructure("an array and its dataset disagree on filters");
    }
  }

  #readElements(
    block: Cursor,
    { start, count, entry, largest }: {
      readonly start: number;
      readonly count: number;
      readonly entry: number;
      readonly largest: readonly number[];
    },
  ): void {
    for (let index = start; index < start + count; index++) {
      const stored = this.#entry(block, entry);
      if (stored) this.#setOf(largest, index, stored);
    }
  }
}

/**
 * Finds all chunks of a dataset.
 *
 * @param blocks The open file.
 * @param index The dataset's index of chunks.
 * @param options Shape, chunk shape, filters.
 * @returns The table of chunks.
 * @throws {DamagedStructure} if the index is damaged.
 * @throws {UnknownStructure} if it is of an unknown kind.
 */
export function findChunks(blocks: Blocks, index: ChunkIndex, options: ChunkOptions): ChunkTable {
  const builder = new TableBuilder(blocks, options);
  const { chunkBytes } = options;
  switch (index.kind) {
    case "none":
      break;
    case "tree":
      builder.readTree(index.address);
      break;
    case "fixed_array":
      builder.readFixedArray(index.address);
      break;
    case "implicit":
      builder.readImplicit(index.address);
      break;
    case "single": {
      if (builder.count !== 1) throw new DamagedStructure("one chunk does not hold the dataset");
      const { size, mask } = index.filtered ?? { size: chunkBytes, mask: 0 };
      builder.set(0, { address: index.address, size, mask });
      break;
    }
    case "extensible_array":
      builder.readExtensibleArray(index.address);
      break;
    case "tree2":
      builder.readTree2(index.address);
  }
  return builder.finish();
}
