/**
 * HDF5's global heap: collections of texts of any length, and of what virtual datasets are made of.
 * @module
 */
import { type Blocks, type Cursor, DamagedStructure } from "./cursor.ts";

/** Bytes of a collection before its objects, and of an object before its data, besides the size. */
const HEAD_BYTES = 8;

/** The collections of an open file. Each is walked once, from its start to its end. */
export class GlobalHeap {
  readonly #blocks: Blocks;
  readonly #collections = new Map<number, ReadonlyMap<number, Uint8Array>>();

  /** @param blocks The open file. */
  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  /**
   * Finds an object.
   *
   * @param reference At the start of a reference: address of a collection, index in it.
   * @returns The object's bytes; `undefined` where the reference leads nowhere on purpose.
   * @throws {DamagedStructure} if the collection is damaged or holds no such object.
   */
  object(reference: Cursor): Uint8Array | undefined {
    const address = reference.address();
    const index = reference.u32();
    if (address === undefined || (address === 0 && index === 0)) return undefined;
    let objects = this.#collections.get(address);
    if (!objects) {
      objects = this.#walk(address);
      this.#collections.set(address, objects);
    }
    const object = objects.get(index);
    if (!object) throw new DamagedStructure("a text is missing in its heap");
    return object;
  }

  #walk(address: number): ReadonlyMap<number, Uint8Array> {
    const { lengthSize } = this.#blocks.superblock;
    const head = this.#blocks.read(address, HEAD_BYTES + lengthSize).expect("GCOL").skip(4);
    const heap = this.#blocks.read(address, head.length()).skip(HEAD_BYTES + lengthSize);
    const objects = new Map<number, Uint8Array>();
    while (heap.left >= HEAD_BYTES + lengthSize) {
      const index = heap.u16();
      const length = heap.skip(6).length();
      if (index === 0) {
        // The free space, whose length counts its head: the library would never pass one of 0.
        if (length < HEAD_BYTES + lengthSize || length > heap.left + HEAD_BYTES + lengthSize) {
          throw new DamagedStructure("a heap of texts never ends");
        }
        heap.skip(length - HEAD_BYTES - lengthSize);
        continue;
      }
      if (objects.has(index)) throw new DamagedStructure("a heap of texts holds one twice");
      objects.set(index, heap.bytes(length));
      heap.skip(Math.min(heap.left, (8 - length % 8) % 8));
    }
    return objects;
  }
}
