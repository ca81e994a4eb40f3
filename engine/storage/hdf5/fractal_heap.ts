/**
 * HDF5's fractal heaps, which keep the links and attributes of objects that have many.
 * @module
 */
import { readRecords, RECORDS } from "./btree2.ts";
import { type Blocks, Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { lookup3 } from "./lookup3.ts";

/** Flag of a heap whose direct blocks carry checksums. */
const CHECKSUMS = 0x02;
/** Kinds of objects, bits 4 and 5 of an ID. */
const KIND = { managed: 0, huge: 1, tiny: 2 } as const;
/** IDs up to this length hold the length of a tiny object in four bits. */
const SHORT_ID = 18;

/** A heap's header. */
interface HeapHeader {
  readonly idLength: number;
  readonly flags: number;
  readonly maxManaged: number;
  readonly hugeTree: number | undefined;
  readonly width: number;
  readonly startSize: number;
  readonly maxDirectSize: number;
  /** Bytes of an offset inside the heap. */
  readonly offsetBytes: number;
  readonly root: number | undefined;
  /** Rows of the root block, 0 where it holds objects itself. */
  readonly rows: number;
}

function readHeader(blocks: Blocks, address: number): HeapHeader {
  const { offsetSize, lengthSize } = blocks.superblock;
  const head = blocks.checked(address, 22 + 3 * offsetSize + 12 * lengthSize).expect("FRHP");
  const version = head.u8();
  if (version !== 0) throw new UnknownStructure(`heap of version ${version}`);
  const idLength = head.u16();
  if (head.u16() !== 0) throw new UnknownStructure("a heap with filters");
  const flags = head.u8();
  const maxManaged = head.u32();
  const hugeTree = head.skip(lengthSize).address();
  head.skip(lengthSize + offsetSize + 8 * lengthSize);
  const width = head.u16();
  const startSize = head.length();
  const maxDirectSize = head.length();
  const offsetBytes = Math.ceil(head.u16() / 8);
  const root = head.skip(2).address();
  const rows = head.u16();
  const powers = [width, startSize, maxDirectSize].every((size) =>
    Number.isInteger(Math.log2(size))
  );
  if (!powers || offsetBytes > 8) throw new DamagedStructure("a heap's blocks are of odd sizes");
  return {
    ...{ idLength, flags, maxManaged, hugeTree, width, startSize, maxDirectSize, offsetBytes },
    ...{ root, rows },
  };
}

/** A heap of an open file. */
export class FractalHeap {
  readonly #blocks: Blocks;
  readonly #header: HeapHeader;
  readonly #direct = new Map<number, Cursor>();

  /**
   * @param blocks The open file.
   * @param address Address of the heap's header.
   */
  constructor(blocks: Blocks, address: number) {
    this.#blocks = blocks;
    this.#header = readHeader(blocks, address);
  }

  /**
   * Finds an object.
   *
   * @param id At the start of the object's ID.
   * @returns The object.
   * @throws {DamagedStructure} if there is none.
   */
  object(id: Cursor): Cursor {
    const bytes = new Cursor(id.bytes(this.#header.idLength), this.#blocks.superblock);
    const first = bytes.u8();
    switch ((first >> 4) & 3) {
      case KIND.managed:
        return this.#managed(bytes);
      case KIND.huge:
        return this.#huge(bytes);
      case KIND.tiny:
        return this.#header.idLength > SHORT_ID
          ? bytes.block(((first & 0x0f) << 8 | bytes.u8()) + 1)
          : bytes.block((first & 0x0f) + 1);
      default:
        throw new DamagedStructure("a heap's object is of an unknown kind");
    }
  }

  #managed(id: Cursor): Cursor {
    const { offsetBytes, maxDirectSize, maxManaged, root, rows, startSize } = this.#header;
    const lengthBytes = Math.min(
      Math.ceil(Math.log2(maxDirectSize) / 8),
      Math.floor(Math.log2(maxManaged) / 8) + 1,
    );
    const offset = id.uint(offsetBytes);
    const length = id.uint(lengthBytes);
    if (root === undefined) throw new DamagedStructure("a heap has no blocks");
    const place = rows === 0
      ? { address: root, start: 0, size: startSize }
      : this.#find(root, { start: 0, rows, offset });
    const block = this.#directBlock(place.address, place.size);
    block.at = 0;
    return block.skip(offset - place.start).block(length);
  }

  /** Size of the blocks of a row. */
  #rowSize(row: number): number {
    return this.#header.startSize * 2 ** Math.max(0, row - 1);
  }

  /** Descends through an indirect block to the direct block that holds `offset`. */
  #find(
    address: number,
    { start, rows, offset }: {
      readonly start: number;
      readonly rows: number;
      readonly offset: number;
    },
  ): { readonly address: number; readonly start: number; readonly size: number } {
    const { width, startSize, maxDirectSize, offsetBytes } = this.#header;
    const { offsetSize } = this.#blocks.superblock;
    const length = 5 + offsetSize + offsetBytes + rows * width * offsetSize;
    const block = this.#blocks.checked(address, length).expect("FHIB");
    block.skip(1 + offsetSize + offsetBytes);
    let first = start;
    for (let row = 0; row < rows; row++) {
      const size = this.#rowSize(row);
      const column = Math.floor((offset - first) / size);
      first += size * width;
      if (column >= width) continue;
      const child = block.skip((row * width + column) * offsetSize).requiredAddress();
      const begin = first - size * (width - column);
      if (size <= maxDirectSize) return { address: child, start: begin, size };
      const below = Math.log2(size) - Math.log2(startSize * width) + 1;
      return this.#find(child, { start: begin, rows: below, offset });
    }
    throw new DamagedStructure("a heap's object is outside the heap");
  }

  /** Reads a block of objects, once; verifies its checksum where it has one. */
  #directBlock(address: number, size: number): Cursor {
    const known = this.#direct.get(address);
    if (known) return known;
    const { flags, offsetBytes } = this.#header;
    const block = this.#blocks.read(address, size).expect("FHDB");
    block.skip(1 + this.#blocks.superblock.offsetSize + offsetBytes);
    if (flags & CHECKSUMS) {
      const at = block.at;
      const stored = block.u32();
      block.at = 0;
      const bytes = block.bytes(size).slice();
      bytes.fill(0, at, at + 4);
      if (stored !== lookup3(bytes)) throw new DamagedStructure("a checksum differs");
    }
    this.#direct.set(address, block);
    return block;
  }

  #huge(id: Cursor): Cursor {
    const { idLength, hugeTree } = this.#header;
    const { offsetSize, lengthSize } = this.#blocks.superblock;
    if (offsetSize + lengthSize <= idLength - 1) {
      return this.#blocks.read(id.requiredAddress(), id.length());
    }
    const wanted = id.uint(Math.min(lengthSize, idLength - 1));
    if (hugeTree === undefined) throw new DamagedStructure("a heap has no large objects");
    for (const record of readRecords(this.#blocks, hugeTree, RECORDS.hugeObjects)) {
      const [address, length] = [record.requiredAddress(), record.length()];
      if (record.uint(lengthSize) === wanted) return this.#blocks.read(address, length);
    }
    throw new DamagedStructure("a heap's large object is missing");
  }
}
