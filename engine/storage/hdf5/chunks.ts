/**
 * Where the chunks of a dataset lie: the indexes that HDF5 keeps of them.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { type Blocks, type Cursor, UnknownStructure } from "./cursor.ts";
import type { ChunkIndex } from "./layout.ts";

/** Addresses of all chunks, by their row-major place in the grid of chunks. */
export interface ChunkTable {
  /** Chunks along each dimension. */
  readonly grid: readonly number[];
  /** Position in the file. */
  readonly positions: Float64Array;
  /** Stored bytes. */
  readonly sizes: Float64Array;
  /** Bit i is set if filter i was left out. */
  readonly masks: Uint32Array;
}

/** What the search for chunks needs to know. */
export interface ChunkOptions {
  /** Dimensions of the dataset. */
  readonly shape: readonly number[];
  /** Dimensions of a chunk. */
  readonly chunk: readonly number[];
  /** Bytes of a decoded chunk. */
  readonly chunkBytes: number;
  /** Whether chunks went through filters. */
  readonly filtered: boolean;
}

/** Entries of a tree node that HDF5 makes room for unless told otherwise. */
const USUAL_ENTRIES = 64;

class TableBuilder {
  readonly table: ChunkTable;
  readonly #blocks: Blocks;
  readonly #options: ChunkOptions;
  #found = 0;

  constructor(blocks: Blocks, options: ChunkOptions) {
    this.#blocks = blocks;
    this.#options = options;
    const grid = options.shape.map((size, axis) => Math.ceil(size / options.chunk[axis]));
    const count = sizeOf(grid);
    this.table = {
      grid,
      positions: new Float64Array(count).fill(-1),
      sizes: new Float64Array(count),
      masks: new Uint32Array(count),
    };
  }

  get count(): number {
    return this.table.positions.length;
  }

  set(place: number, address: number | undefined, size: number, mask = 0): void {
    if (address === undefined || place >= this.count) return;
    const position = this.#blocks.superblock.base + address;
    if (position + size > this.#blocks.file.size) {
      throw new UnknownStructure("a chunk is outside the file");
    }
    if (this.table.positions[place] < 0) this.#found++;
    this.table.positions[place] = position;
    this.table.sizes[place] = size;
    this.table.masks[place] = mask;
  }

  finish(): ChunkTable {
    // Chunks that were never written hold fill values, which the library knows.
    if (this.#found !== this.count) throw new UnknownStructure("chunks are missing");
    return this.table;
  }

  /** Version 1 B-tree, whose keys are the chunks' first elements. */
  readTree(address: number, depth = 0): void {
    if (depth > 32) throw new UnknownStructure("a tree never ends");
    const { chunk } = this.#options;
    const { offsetSize } = this.#blocks.superblock;
    const head = 8 + 2 * offsetSize;
    const entry = 8 + 8 * (chunk.length + 1) + offsetSize;
    let node = this.#blocks.read(address, head + USUAL_ENTRIES * entry).expect("TREE");
    if (node.u8() !== 1) throw new UnknownStructure("a tree of another kind");
    const level = node.u8();
    const used = node.u16();
    if (used > USUAL_ENTRIES) node = this.#blocks.read(address, head + used * entry);
    node.at = head;
    for (let i = 0; i < used; i++) {
      const size = node.u32();
      const mask = node.u32();
      const place = this.#place(node);
      const child = node.requiredAddress();
      if (level > 0) this.readTree(child, depth + 1);
      else this.set(place, child, size, mask);
    }
  }

  /** Reads the first element of a chunk; gives the chunk's place in the grid. */
  #place(node: Cursor): number {
    const { chunk, shape } = this.#options;
    let place = 0;
    let outside = false;
    for (const [axis, size] of chunk.entries()) {
      const first = node.uint(8);
      outside ||= first >= shape[axis];
      place = place * this.table.grid[axis] + Math.floor(first / size);
    }
    node.skip(8);
    return outside ? Infinity : place;
  }

  /** Fixed array: addresses one after the other, in pages if there are many. */
  readFixedArray(address: number): void {
    const { offsetSize, lengthSize } = this.#blocks.superblock;
    const head = this.#blocks.read(address, 8 + lengthSize + offsetSize).expect("FAHD").skip(2);
    const entry = head.u8();
    const pageSize = 2 ** head.u8();
    if (head.length() !== this.count) throw new UnknownStructure("an array of another length");
    const data = head.requiredAddress();
    const prefix = 6 + offsetSize;
    this.#blocks.read(data, prefix).expect("FADB");
    const pages = Math.ceil(this.count / pageSize);
    if (pages <= 1) {
      return this.#readElements(this.#blocks.read(data + prefix, this.count * entry), [
        0,
        this.count,
      ]);
    }
    const first = data + prefix + Math.ceil(pages / 8) + 4;
    for (let page = 0; page < pages; page++) {
      const start = page * pageSize;
      const count = Math.min(pageSize, this.count - start);
      const block = this.#blocks.read(first + page * (pageSize * entry + 4), count * entry);
      this.#readElements(block, [start, count]);
    }
  }

  #readElements(block: Cursor, [start, count]: readonly [start: number, count: number]): void {
    const { filtered, chunkBytes } = this.#options;
    const { offsetSize } = this.#blocks.superblock;
    const sizeBytes = block.left / count - offsetSize - 4;
    for (let place = start; place < start + count; place++) {
      const address = block.address();
      const size = filtered ? block.uint(sizeBytes) : chunkBytes;
      this.set(place, address, size, filtered ? block.u32() : 0);
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
 * @throws {UnknownStructure} if chunks are missing or the index is of an unknown kind.
 */
export function findChunks(blocks: Blocks, index: ChunkIndex, options: ChunkOptions): ChunkTable {
  const builder = new TableBuilder(blocks, options);
  switch (index.kind) {
    case "tree":
      builder.readTree(index.address);
      break;
    case "fixed_array":
      builder.readFixedArray(index.address);
      break;
    case "implicit":
      for (let place = 0; place < builder.count; place++) {
        builder.set(place, index.address + place * options.chunkBytes, options.chunkBytes);
      }
      break;
    case "single":
      builder.set(
        0,
        index.address,
        index.filtered?.size ?? options.chunkBytes,
        index.filtered?.mask,
      );
  }
  return builder.finish();
}
