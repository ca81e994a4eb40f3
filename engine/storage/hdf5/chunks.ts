/**
 * Where the chunks of a dataset lie: the indexes that HDF5 keeps of them.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { readRecords, RECORDS } from "./btree2.ts";
import {
  type Chunk,
  type ChunkOptions,
  type ChunkTable,
  ChunkTableBuilder,
} from "./chunk_table.ts";
import { ChunkTree } from "./chunk_tree.ts";
import { type Blocks, type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { readExtensibleArray } from "./extensible_array.ts";
import type { ChunkIndex } from "./layout.ts";

/** Bytes of a filter mask. */
const MASK_BYTES = 4;

/** Reads indexes of every kind into a table. */
class IndexReader {
  readonly #blocks: Blocks;
  readonly #options: ChunkOptions;
  readonly #table: ChunkTableBuilder;

  constructor(blocks: Blocks, options: ChunkOptions, table: ChunkTableBuilder) {
    this.#blocks = blocks;
    this.#options = options;
    this.#table = table;
  }

  /** Chunks along each dimension of a dataset that has grown as far as it may. */
  #largestGrid(): number[] {
    const { maxShape, chunk } = this.#options;
    return maxShape.map((size, axis) => {
      if (size === undefined) throw new DamagedStructure("an array for a dataset without limits");
      return Math.ceil(size / chunk[axis]!);
    });
  }

  /** Sets the chunk at a place of the largest grid, if the dataset has grown that far. */
  #setOf(largest: readonly number[], index: number, chunk: Chunk): void {
    const at: number[] = [];
    let rest = index;
    for (let axis = largest.length - 1; axis >= 0; axis--) {
      at[axis] = rest % largest[axis]!;
      rest = Math.floor(rest / largest[axis]!);
    }
    this.#table.setAt(at, chunk);
  }

  /** Version 1 B-tree, whose keys are the chunks' first elements. */
  readTree(address: number): void {
    const { chunk } = this.#options;
    for (const stored of new ChunkTree(this.#blocks, chunk).chunks(address)) {
      const { first } = stored;
      this.#table.setAt(first.map((at, axis) => at / chunk[axis]!), stored);
    }
  }

  /** Chunks one after the other, all of them in the file from the start. */
  readImplicit(address: number): void {
    const { chunkBytes } = this.#options;
    const largest = this.#largestGrid();
    const total = sizeOf(largest);
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
    const total = sizeOf(largest);
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
      if (used[page >> 3]! & (0x80 >> (page & 7))) {
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
    const largest = order.map((axis) => Math.ceil((maxShape[axis] ?? 0) / chunk[axis]!));
    for (const { block, start, count } of array.parts) {
      for (let i = 0; i < count; i++) {
        const stored = this.#entry(block, array.entry);
        if (!stored) continue;
        const at: number[] = [];
        let rest = start + i;
        for (let k = order.length - 1; k > 0; k--) {
          at[order[k]!] = rest % largest[k]!;
          rest = Math.floor(rest / largest[k]!);
        }
        at[free] = rest;
        this.#table.setAt(at, stored);
      }
    }
  }

  /** Version 2 B-tree: several dimensions without limit. */
  readTree2(address: number): void {
    const { filtered, chunk } = this.#options;
    const type = filtered ? RECORDS.filteredChunks : RECORDS.chunks;
    for (const record of readRecords(this.#blocks, address, type)) {
      const entry = record.left - 8 * chunk.length;
      this.#checkEntry(entry - this.#blocks.superblock.offsetSize);
      const stored = this.#entry(record, entry);
      if (!stored) throw new DamagedStructure("an address is not set");
      this.#table.setAt(chunk.map(() => record.uint(8)), stored);
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
  const table = new ChunkTableBuilder(blocks, options);
  const reader = new IndexReader(blocks, options, table);
  const { chunkBytes } = options;
  switch (index.kind) {
    case "none":
      break;
    case "tree":
      reader.readTree(index.address);
      break;
    case "fixed_array":
      reader.readFixedArray(index.address);
      break;
    case "implicit":
      reader.readImplicit(index.address);
      break;
    case "single": {
      if (table.count !== 1) throw new DamagedStructure("one chunk does not hold the dataset");
      const { size, mask } = index.filtered ?? { size: chunkBytes, mask: 0 };
      table.set(0, { address: index.address, size, mask });
      break;
    }
    case "extensible_array":
      reader.readExtensibleArray(index.address);
      break;
    case "tree2":
      reader.readTree2(index.address);
  }
  return table.finish();
}
