/**
 * HDF5's extensible arrays: the index of the chunks of datasets that grow along one dimension.
 * @module
 */
import { type Blocks, type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";

/** Elements of an array that follow one another. */
export interface ArrayPart {
  /** Number of the first one. */
  readonly start: number;
  /** Number of elements. */
  readonly count: number;
  /** At the first one. */
  readonly block: Cursor;
}

/** An array's header, and what follows from it. */
interface ArrayHeader {
  readonly address: number;
  readonly kind: number;
  /** Bytes of an element. */
  readonly entry: number;
  /** Bytes of an element's number. */
  readonly numberBytes: number;
  /** Elements in the index block itself. */
  readonly inIndex: number;
  /** Levels whose data blocks the index block names. */
  readonly directLevels: number;
  /** Data blocks that the index block names. */
  readonly directBlocks: number;
  readonly pageElements: number;
  /** Elements up to the last one that was ever set. */
  readonly used: number;
  readonly index: number | undefined;
  readonly levels: readonly Level[];
}

/** Data blocks of one size. */
interface Level {
  /** How many there are. */
  readonly count: number;
  /** Elements of each. */
  readonly elements: number;
  /** Number of their first element. */
  readonly start: number;
}

/** Bytes of a block before the address of the header: signature, version, kind. */
const HEAD_BYTES = 6;
/** Bytes of a checksum. */
const CHECKSUM_BYTES = 4;

/** Levels double the number and the size of their blocks in turn. */
function levelsOf(count: number, smallest: number, inIndex: number): Level[] {
  let start = inIndex;
  return Array.from({ length: count }, (_, i) => {
    const level = { count: 2 ** (i >> 1), elements: smallest * 2 ** ((i + 1) >> 1), start };
    start += level.count * level.elements;
    return level;
  });
}

function expectKind(block: Cursor, kind: number): void {
  const version = block.u8();
  if (version !== 0) throw new UnknownStructure(`array of version ${version}`);
  if (block.u8() !== kind) throw new DamagedStructure("an array holds elements of another kind");
}

function readHeader(blocks: Blocks, address: number, kind: number): ArrayHeader {
  const { offsetSize, lengthSize } = blocks.superblock;
  const head = blocks.checked(address, 12 + 6 * lengthSize + offsetSize).expect("EAHD");
  expectKind(head, kind);
  const entry = head.u8();
  const bits = head.u8();
  const [inIndex, smallest, minPointers] = [head.u8(), head.u8(), head.u8()];
  const pageElements = 2 ** head.u8();
  const used = head.skip(4 * lengthSize).length();
  const index = head.skip(lengthSize).address();
  const directLevels = 2 * Math.log2(minPointers);
  const levelCount = 1 + bits - Math.log2(smallest);
  const whole = Number.isInteger(directLevels) && Number.isInteger(levelCount);
  if (!whole || levelCount < directLevels || levelCount > 64) {
    throw new DamagedStructure("an array's blocks are of odd sizes");
  }
  return {
    ...{ address, kind, entry, inIndex, directLevels, pageElements, used, index },
    numberBytes: Math.ceil(bits / 8),
    directBlocks: 2 * (minPointers - 1),
    levels: levelsOf(levelCount, smallest, inIndex),
  };
}

/** Which pages of a data block are there; absent where it has no pages. */
type IsPageThere = (page: number) => boolean;

class ArrayReader {
  readonly #blocks: Blocks;
  readonly #header: ArrayHeader;

  constructor(blocks: Blocks, header: ArrayHeader) {
    this.#blocks = blocks;
    this.#header = header;
  }

  /** Reads a block that names its array; stands behind that name then. */
  #open(address: number, length: number, signature: string): Cursor {
    const { offsetSize } = this.#blocks.superblock;
    const block = this.#blocks.checked(address, HEAD_BYTES + offsetSize + length);
    expectKind(block.expect(signature), this.#header.kind);
    if (block.address() !== this.#header.address) {
      throw new DamagedStructure("an array's block is another's");
    }
    return block;
  }

  *parts(): Generator<ArrayPart> {
    const { index, inIndex, entry, used, levels, directLevels, directBlocks } = this.#header;
    if (index === undefined) return;
    const { offsetSize } = this.#blocks.superblock;
    const supers = levels.length - directLevels;
    const length = inIndex * entry + (directBlocks + supers) * offsetSize;
    const block = this.#open(index, length, "EAIB");
    yield { start: 0, count: inIndex, block: block.block(inIndex * entry) };
    for (const [i, level] of levels.entries()) {
      if (level.start >= used) return;
      if (i >= directLevels) yield* this.#superBlock(block.address(), level);
      else {for (const start of startsOf(level)) {
          yield* this.#dataBlock(block.address(), level, start);
        }}
    }
  }

  *#superBlock(address: number | undefined, level: Level): Generator<ArrayPart> {
    if (address === undefined) return;
    const { numberBytes, pageElements } = this.#header;
    const { count, elements } = level;
    const pages = elements > pageElements ? elements / pageElements : 0;
    const bitmap = count * Math.ceil(pages / 8);
    const length = numberBytes + bitmap + count * this.#blocks.superblock.offsetSize;
    const block = this.#open(address, length, "EASB").skip(numberBytes);
    const bits = block.bytes(bitmap);
    for (const [i, start] of startsOf(level).entries()) {
      const isThere: IsPageThere = (page) => {
        const bit = i * pages + page;
        return (bits[bit >> 3]! & (0x80 >> (bit & 7))) !== 0;
      };
      yield* this.#dataBlock(block.address(), level, start, pages > 0 ? isThere : undefined);
    }
  }

  *#dataBlock(
    address: number | undefined,
    { elements }: Level,
    start: number,
    isThere?: IsPageThere,
  ): Generator<ArrayPart> {
    if (address === undefined) return;
    const { numberBytes, entry, pageElements } = this.#header;
    const own = isThere ? 0 : elements * entry;
    const block = this.#open(address, numberBytes + own, "EADB").skip(numberBytes);
    if (!isThere) return yield { start, count: elements, block };
    const pageBytes = pageElements * entry;
    let at = address + block.at + CHECKSUM_BYTES;
    for (let page = 0; page * pageElements < elements; page++, at += pageBytes + CHECKSUM_BYTES) {
      if (!isThere(page)) continue;
      const part = this.#blocks.checked(at, pageBytes);
      yield { start: start + page * pageElements, count: pageElements, block: part };
    }
  }
}

/** Numbers of the first elements of a level's blocks. */
function startsOf({ count, elements, start }: Level): number[] {
  return Array.from({ length: count }, (_, i) => start + i * elements);
}

/**
 * Reads an array.
 *
 * @param blocks The open file.
 * @param address Address of its header.
 * @param kind What its elements must be, as the format numbers it.
 * @returns Bytes of an element, and the elements that may be set, part by part.
 * @throws {DamagedStructure} if it is damaged.
 */
export function readExtensibleArray(
  blocks: Blocks,
  address: number,
  kind: number,
): { readonly entry: number; readonly parts: Generator<ArrayPart> } {
  const header = readHeader(blocks, address, kind);
  return { entry: header.entry, parts: new ArrayReader(blocks, header).parts() };
}
