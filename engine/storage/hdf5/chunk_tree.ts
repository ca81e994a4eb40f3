/**
 * HDF5's B-tree of chunks: every node and every key is checked, since it carries no checksum.
 * @module
 */
import { type Blocks, type Cursor, DamagedStructure } from "./cursor.ts";

/** A chunk in the tree. */
export interface TreeChunk {
  /** Its first element. */
  readonly first: readonly number[];
  /** Where it lies. */
  readonly address: number;
  /** Stored bytes. */
  readonly size: number;
  /** Bit i is set if filter i was left out. */
  readonly mask: number;
}

/** Entries of a tree node that HDF5 makes room for unless told otherwise. */
const USUAL_ENTRIES = 64;
/** Kind of a tree that holds chunks. */
const CHUNKS = 1;

type Key = readonly number[];

/** The order of the keys: that of the elements in the dataset. */
function compare(a: Key, b: Key): number {
  for (let axis = 0; axis < a.length; axis++) {
    if (a[axis] !== b[axis]) return a[axis]! - b[axis]!;
  }
  return 0;
}

/** What the node above promises of a node. */
interface Bounds {
  readonly level?: number;
  readonly low?: Key;
  readonly high?: Key;
}

/** The tree of a dataset's chunks. */
export class ChunkTree {
  readonly #blocks: Blocks;
  readonly #chunk: readonly number[];
  readonly #keyBytes: number;
  readonly #seen = new Set<number>();

  /**
   * @param blocks The open file.
   * @param chunk Dimensions of a chunk.
   */
  constructor(blocks: Blocks, chunk: readonly number[]) {
    this.#blocks = blocks;
    this.#chunk = chunk;
    this.#keyBytes = 8 + 8 * (chunk.length + 1);
  }

  /**
   * Reads all chunks below a node.
   *
   * @param address The node; the tree's root to begin with.
   * @param bounds What the node above says of it.
   * @returns The chunks in the order of their keys.
   * @throws {DamagedStructure} if nodes lead back or keys are out of order.
   */
  *chunks(address: number, bounds: Bounds = {}): Generator<TreeChunk> {
    if (this.#seen.has(address)) throw new DamagedStructure("a tree never ends");
    this.#seen.add(address);
    const { node, level, used } = this.#open(address);
    if (level !== (bounds.level ?? level)) throw new DamagedStructure("a tree is uneven");
    let next = this.#key(node);
    if (used > 0 && bounds.low && compare(next.key, bounds.low) < 0) throw outOfOrder();
    for (let i = 0; i < used; i++) {
      const { key, size, mask } = next;
      const child = node.requiredAddress();
      next = this.#key(node);
      if (compare(key, next.key) >= 0) throw outOfOrder();
      if (level > 0) {
        yield* this.chunks(child, { level: level - 1, low: key, high: next.key });
        continue;
      }
      if (bounds.high && compare(key, bounds.high) >= 0) throw outOfOrder();
      const first = key.slice(0, -1);
      const whole = first.every((at, axis) => at % this.#chunk[axis]! === 0);
      if (!whole || key.at(-1) !== 0) throw outOfOrder();
      yield { first, address: child, size, mask };
    }
  }

  #open(address: number) {
    const { offsetSize } = this.#blocks.superblock;
    const head = 8 + 2 * offsetSize;
    const entry = this.#keyBytes + offsetSize;
    let node = this.#blocks.peek(address, head + USUAL_ENTRIES * entry + this.#keyBytes);
    if (node.expect("TREE").u8() !== CHUNKS) throw new DamagedStructure("a tree of another kind");
    const level = node.u8();
    const used = node.u16();
    if (used > USUAL_ENTRIES) {
      node = this.#blocks.read(address, head + used * entry + this.#keyBytes);
    }
    node.at = head;
    return { node, level, used };
  }

  /** Keys count the element's own bytes as one more dimension. */
  #key(node: Cursor): { readonly key: Key; readonly size: number; readonly mask: number } {
    const size = node.u32();
    const mask = node.u32();
    const key: number[] = [];
    for (let axis = 0; axis <= this.#chunk.length; axis++) {
      const first = node.uint(8);
      // Beyond that, numbers are rounded, to multiples of a chunk's size too.
      if (!Number.isSafeInteger(first)) throw outOfOrder();
      key.push(first);
    }
    return { key, size, mask };
  }
}

const outOfOrder = () => new DamagedStructure("a tree's keys are out of order");
