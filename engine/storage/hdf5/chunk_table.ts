/**
 * The table of a dataset's chunks, which their index fills.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { type Blocks, DamagedStructure, UnknownStructure } from "./cursor.ts";

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

/** A chunk as an index describes it. */
export interface Chunk {
  /** Where it lies. */
  readonly address: number;
  /** Stored bytes. */
  readonly size: number;
  /** Bit i is set if filter i was left out. */
  readonly mask: number;
}

/** Fills a table, chunk by chunk. */
export class ChunkTableBuilder {
  readonly #blocks: Blocks;
  readonly #options: ChunkOptions;
  readonly #grid: readonly number[];
  readonly #positions: Float64Array;
  readonly #sizes: Float64Array;
  readonly #masks: Uint32Array;
  #found = 0;

  /**
   * @param blocks The open file.
   * @param options The dataset.
   * @throws {UnknownStructure} if there are more chunks than a file of its size can hold.
   */
  constructor(blocks: Blocks, options: ChunkOptions) {
    this.#blocks = blocks;
    this.#options = options;
    this.#grid = options.shape.map((size, axis) => Math.ceil(size / options.chunk[axis]!));
    const count = sizeOf(this.#grid);
    if (count > Math.max(FEW_CHUNKS, blocks.file.size)) {
      throw new UnknownStructure("more chunks than the file has bytes");
    }
    this.#positions = new Float64Array(count).fill(-1);
    this.#sizes = new Float64Array(count);
    this.#masks = new Uint32Array(count);
  }

  /** How many chunks the dataset has. */
  get count(): number {
    return this.#positions.length;
  }

  /**
   * Sets a chunk by its row-major place.
   *
   * @param place Its place.
   * @param chunk The chunk.
   * @throws {DamagedStructure} if it is outside the file, of an impossible size or there already.
   */
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
    if (this.#positions[place]! >= 0) throw new DamagedStructure("an index has a chunk twice");
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
      const at = rest % this.#grid[axis]!;
      if ((at + 1) * chunk[axis]! > shape[axis]!) return true;
      rest = Math.floor(rest / this.#grid[axis]!);
    }
    return false;
  }

  /** The table as it is now. */
  finish(): ChunkTable {
    return {
      grid: this.#grid,
      positions: this.#positions,
      sizes: this.#sizes,
      masks: this.#masks,
      unwritten: this.count - this.#found,
    };
  }

  /**
   * Sets a chunk, if the dataset has grown that far.
   *
   * @param at Its place along each dimension.
   * @param chunk The chunk.
   * @throws {DamagedStructure} if the dataset never grows that far, or the chunk cannot be set.
   */
  setAt(at: readonly number[], chunk: Chunk): void {
    const { maxShape, chunk: size } = this.#options;
    if (at.some((place, axis) => place * size[axis]! >= (maxShape[axis] ?? Infinity))) {
      throw new DamagedStructure("a chunk is outside its dataset");
    }
    if (at.some((place, axis) => place >= this.#grid[axis]!)) return;
    this.set(at.reduce((sum, place, axis) => sum * this.#grid[axis]! + place, 0), chunk);
  }
}
