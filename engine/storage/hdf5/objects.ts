/**
 * HDF5 object headers and groups: finds a dataset by its path and collects its header messages.
 * @module
 */
import { type Blocks, Cursor, UnknownStructure } from "./cursor.ts";

/** Numbers of header messages. */
export const MESSAGE = {
  dataspace: 0x01,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;

/** Header messages of an object: cursors at their data, by number. */
export type Messages = ReadonlyMap<number, readonly Cursor[]>;

/** Flag of a message whose data is kept elsewhere. */
const SHARED = 0x02;
/** More continuation blocks than any file needs. */
const MAX_BLOCKS = 4096;

function subBlock(block: Cursor, length: number): Cursor {
  return new Cursor(block.bytes(length), block.superblock);
}

/** Collects messages of one object, block after block. */
class MessageReader {
  readonly messages = new Map<number, Cursor[]>();
  readonly #blocks: Blocks;
  readonly #pending: { readonly address: number; readonly length: number }[] = [];

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  read(address: number): Messages {
    const start = this.#blocks.read(address, 64);
    const version = start.u8();
    if (version === 1) this.#readOld(address, start);
    else this.#readNew(address);
    return this.messages;
  }

  #add(type: number, flags: number, data: Cursor): void {
    if (type === MESSAGE.continuation) {
      this.#pending.push({ address: data.requiredAddress(), length: data.length() });
    } else if ((flags & SHARED) === 0) {
      const known = this.messages.get(type);
      if (known) known.push(data);
      else this.messages.set(type, [data]);
    }
  }

  *#continuations(): Generator<Cursor> {
    for (let i = 0; i < this.#pending.length; i++) {
      if (i > MAX_BLOCKS) throw new UnknownStructure("an object header never ends");
      yield this.#blocks.read(this.#pending[i].address, this.#pending[i].length);
    }
  }

  /** Version 1: 16 bytes of prefix; messages of 8 bytes and their data. */
  #readOld(address: number, start: Cursor): void {
    const length = start.skip(7).u32();
    this.#oldMessages(this.#blocks.read(address + 16, length));
    for (const block of this.#continuations()) this.#oldMessages(block);
  }

  #oldMessages(block: Cursor): void {
    while (block.left >= 8) {
      const type = block.u16();
      const size = block.u16();
      const flags = block.u8();
      block.skip(3);
      this.#add(type, flags, subBlock(block, size));
    }
  }

  /** Version 2: signature, flags, optional fields; messages of 4 or 6 bytes; a checksum. */
  #readNew(address: number): void {
    const start = this.#blocks.read(address, 64).expect("OHDR");
    if (start.u8() !== 2) throw new UnknownStructure("object header of an unknown version");
    const flags = start.u8();
    if (flags & 0x20) start.skip(16);
    if (flags & 0x10) start.skip(4);
    const length = start.uint(1 << (flags & 3));
    const ordered = (flags & 0x04) !== 0;
    this.#newMessages(this.#blocks.read(address + start.at, length), ordered);
    for (const block of this.#continuations()) {
      const inner = subBlock(block.expect("OCHK"), block.left - 4);
      this.#newMessages(inner, ordered);
    }
  }

  #newMessages(block: Cursor, ordered: boolean): void {
    const head = ordered ? 6 : 4;
    while (block.left >= head) {
      const type = block.u8();
      const size = block.u16();
      const flags = block.u8();
      if (ordered) block.skip(2);
      this.#add(type, flags, subBlock(block, size));
    }
  }
}

/** Address of the object that a link message names, if it is the wanted one. */
function followLink(link: Cursor, name: string): number | undefined {
  link.skip(1);
  const flags = link.u8();
  const type = flags & 0x08 ? link.u8() : 0;
  if (flags & 0x04) link.skip(8);
  if (flags & 0x10) link.skip(1);
  if (link.text(link.uint(1 << (flags & 3))) !== name) return undefined;
  if (type !== 0) throw new UnknownStructure("the link is not a hard one");
  return link.requiredAddress();
}

/** Leaves of a group's B-tree, in order. */
function* symbolNodes(blocks: Blocks, address: number, depth = 0): Generator<number> {
  if (depth > 32) throw new UnknownStructure("a tree never ends");
  const { offsetSize, lengthSize } = blocks.superblock;
  const node = blocks.read(address, 8).expect("TREE").skip(1);
  const level = node.u8();
  const used = node.u16();
  const body = blocks.read(address + 8 + 2 * offsetSize, (used + 1) * (lengthSize + offsetSize));
  for (let i = 0; i < used; i++) {
    const child = body.skip(lengthSize).requiredAddress();
    if (level === 0) yield child;
    else yield* symbolNodes(blocks, child, depth + 1);
  }
}

function heapName(heap: Cursor, offset: number): string {
  heap.at = offset;
  let length = 0;
  while (heap.u8() !== 0) length++;
  heap.at = offset;
  return heap.text(length);
}

/** Finds a name in a group of the old kind: a B-tree of symbol nodes, names in a heap. */
function findSymbol(blocks: Blocks, table: Cursor, name: string): number | undefined {
  const { offsetSize, lengthSize } = blocks.superblock;
  const tree = table.requiredAddress();
  const head = blocks.read(table.requiredAddress(), 8 + 2 * lengthSize + offsetSize);
  const size = head.expect("HEAP").skip(4).length();
  const heap = blocks.read(head.skip(lengthSize).requiredAddress(), size);
  const entryLength = 2 * offsetSize + 24;
  for (const address of symbolNodes(blocks, tree)) {
    const count = blocks.read(address, 8).expect("SNOD").skip(2).u16();
    const entries = blocks.read(address + 8, count * entryLength);
    for (let i = 0; i < count; i++) {
      entries.at = i * entryLength;
      if (heapName(heap, entries.uint(offsetSize)) !== name) continue;
      return entries.requiredAddress();
    }
  }
  return undefined;
}

function findChild(blocks: Blocks, group: Messages, name: string): number {
  for (const link of group.get(MESSAGE.link) ?? []) {
    const address = followLink(link, name);
    if (address !== undefined) return address;
  }
  const [table] = group.get(MESSAGE.symbolTable) ?? [];
  const address = table && findSymbol(blocks, table, name);
  if (address === undefined) throw new UnknownStructure("the name is in a group of another kind");
  return address;
}

/**
 * Finds the header messages of a dataset.
 *
 * @param blocks The open file.
 * @param path Path of the dataset.
 * @returns Its messages; those that are shared with other objects are left out.
 * @throws {UnknownStructure} if the way there is of an unknown kind.
 */
export function readObject(blocks: Blocks, path: string): Messages {
  let object = new MessageReader(blocks).read(blocks.superblock.root);
  for (const name of path.split("/").filter((part) => part !== "")) {
    object = new MessageReader(blocks).read(findChild(blocks, object, name));
  }
  return object;
}
