/**
 * HDF5 groups: the links that they hold, however they keep them.
 * @module
 */
import { readRecords, RECORDS } from "./btree2.ts";
import { type Blocks, type Cursor, DamagedStructure } from "./cursor.ts";
import { FractalHeap } from "./fractal_heap.ts";
import { MESSAGE, type Messages } from "./objects.ts";

/** Where a link leads. */
export type LinkTarget =
  | { readonly kind: "hard"; readonly address: number }
  | { readonly kind: "soft"; readonly path: string }
  | { readonly kind: "external"; readonly file: string; readonly path: string }
  /** Of a kind that an application made up. */
  | { readonly kind: "custom" };

/** A link of a group. */
export interface Link {
  /** Its name; where that is not UTF-8, with a replacement character for what is not. */
  readonly name: string;
  /** Whether the name is UTF-8. */
  readonly utf8: boolean;
  /** Where it leads. */
  readonly target: LinkTarget;
}

/** Kinds of links, as their messages number them. */
const KIND = { hard: 0, soft: 1, external: 64 } as const;
/** Kind of a symbol that is a soft link, in its group's cache. */
const CACHED_SOFT_LINK = 2;

function readName(bytes: Uint8Array): { readonly name: string; readonly utf8: boolean } {
  if (bytes.length === 0) throw new DamagedStructure("a link has no name");
  try {
    return { name: new TextDecoder("utf-8", { fatal: true }).decode(bytes), utf8: true };
  } catch {
    return { name: new TextDecoder().decode(bytes), utf8: false };
  }
}

function readTarget(link: Cursor, kind: number): LinkTarget {
  if (kind === KIND.hard) return { kind: "hard", address: link.requiredAddress() };
  const value = link.block(link.u16());
  if (kind === KIND.soft) return { kind: "soft", path: value.text(value.left) };
  if (kind !== KIND.external) return { kind: "custom" };
  const text = () => new TextDecoder().decode(value.untilZero());
  value.skip(1);
  return { kind: "external", file: text(), path: text() };
}

function readLink(link: Cursor): Link {
  if (link.u8() !== 1) throw new DamagedStructure("a link of an unknown version");
  const flags = link.u8();
  const kind = flags & 0x08 ? link.u8() : KIND.hard;
  if (flags & 0x04) link.skip(8);
  if (flags & 0x10) link.skip(1);
  const name = readName(link.bytes(link.uint(1 << (flags & 3))));
  return { ...name, target: readTarget(link, kind) };
}

/** Links in a heap, which a tree of their names' hashes lists. */
function* denseLinks(blocks: Blocks, info: Cursor): Generator<Link> {
  const flags = info.skip(1).u8();
  if (flags & 0x01) info.skip(8);
  const heapAddress = info.address();
  const tree = info.address();
  if (heapAddress === undefined || tree === undefined) return;
  const heap = new FractalHeap(blocks, heapAddress);
  for (const record of readRecords(blocks, tree, RECORDS.linkNames)) {
    yield readLink(heap.object(record.skip(4)));
  }
}

/** Leaves of a group's B-tree, in order. */
function* symbolNodes(
  blocks: Blocks,
  address: number,
  { seen, above }: { readonly seen: Set<number>; readonly above?: number },
): Generator<number> {
  if (seen.has(address)) throw new DamagedStructure("a tree never ends");
  seen.add(address);
  const { offsetSize, lengthSize } = blocks.superblock;
  const node = blocks.read(address, 8).expect("TREE");
  if (node.u8() !== 0) throw new DamagedStructure("a group's tree is of another kind");
  const level = node.u8();
  if (above !== undefined && level !== above - 1) throw new DamagedStructure("a tree is uneven");
  const used = node.u16();
  const body = blocks.read(address + 8 + 2 * offsetSize, used * (lengthSize + offsetSize));
  for (let i = 0; i < used; i++) {
    const child = body.skip(lengthSize).requiredAddress();
    if (level === 0) yield child;
    else yield* symbolNodes(blocks, child, { seen, above: level });
  }
}

/** Links of a group of the old kind: a B-tree of symbol nodes, names in a heap. */
function* symbolLinks(blocks: Blocks, table: Cursor): Generator<Link> {
  const { offsetSize, lengthSize } = blocks.superblock;
  const tree = table.requiredAddress();
  const head = blocks.read(table.requiredAddress(), 8 + 2 * lengthSize + offsetSize);
  const size = head.expect("HEAP").skip(4).length();
  const heap = blocks.read(head.skip(lengthSize).requiredAddress(), size);
  const textAt = (offset: number) => {
    heap.at = 0;
    return heap.skip(offset).untilZero();
  };
  for (const address of symbolNodes(blocks, tree, { seen: new Set() })) {
    const count = blocks.read(address, 8).expect("SNOD").skip(2).u16();
    const entries = blocks.read(address + 8, count * (2 * offsetSize + 24));
    for (let i = 0; i < count; i++) {
      const name = readName(textAt(entries.uint(offsetSize)));
      const object = entries.address();
      const cached = entries.u32();
      const scratch = entries.skip(4).block(16);
      if (cached === CACHED_SOFT_LINK) {
        const path = new TextDecoder().decode(textAt(scratch.u32()));
        yield { ...name, target: { kind: "soft", path } };
      } else {
        if (object === undefined) throw new DamagedStructure("an address is not set");
        yield { ...name, target: { kind: "hard", address: object } };
      }
    }
  }
}

/**
 * Lists what a group holds.
 *
 * @param blocks The open file.
 * @param group The group's messages.
 * @returns Its links, in no particular order; none where the object is not a group.
 * @throws {DamagedStructure} if the group is damaged.
 */
export function* readLinks(blocks: Blocks, group: Messages): Generator<Link> {
  for (const link of group.all(MESSAGE.link)) yield readLink(link);
  for (const info of group.all(MESSAGE.linkInfo)) yield* denseLinks(blocks, info);
  for (const table of group.all(MESSAGE.symbolTable)) yield* symbolLinks(blocks, table);
}

/**
 * Tells whether an object is a group.
 *
 * @param object Its messages.
 * @returns Whether it can hold links.
 */
export function isGroup(object: Messages): boolean {
  return object.has(MESSAGE.symbolTable) || object.has(MESSAGE.linkInfo) ||
    object.has(MESSAGE.link);
}
