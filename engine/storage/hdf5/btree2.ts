/**
 * HDF5's B-trees of version 2: records of one size, in order.
 * @module
 */
import { type Blocks, type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";

/** What records a tree holds. */
export const RECORDS = {
  hugeObjects: 1,
  linkNames: 5,
  attributeNames: 8,
  chunks: 10,
  filteredChunks: 11,
} as const;

/** Bytes of a node besides its records: signature, version, type, checksum. */
const NODE_BYTES = 10;

/** What all nodes of a tree have in common. */
interface Tree {
  readonly blocks: Blocks;
  readonly type: number;
  readonly nodeSize: number;
  readonly recordSize: number;
  /** By height above the leaves: bytes of a pointer's counts. */
  readonly levels: readonly { readonly countBytes: number; readonly totalBytes: number }[];
  /** Addresses of nodes that were read. */
  readonly seen: Set<number>;
}

/** Bytes that numbers up to `limit` take. */
const bytesFor = (limit: number) => Math.floor(Math.log2(limit) / 8) + 1;

/** How the pointers of inner nodes are laid out: it follows from how many records fit. */
function levelsOf(
  { nodeSize, recordSize, depth, offsetSize }: {
    readonly nodeSize: number;
    readonly recordSize: number;
    readonly depth: number;
    readonly offsetSize: number;
  },
): Tree["levels"] {
  const most = Math.floor((nodeSize - NODE_BYTES) / recordSize);
  if (!(most >= 1)) throw new DamagedStructure("a tree's nodes are too small");
  const countBytes = bytesFor(most);
  const levels = [{ countBytes, totalBytes: 0 }];
  let total = most;
  for (let height = 1; height < depth; height++) {
    const pointer = offsetSize + countBytes + levels[height - 1]!.totalBytes;
    const here = Math.floor((nodeSize - NODE_BYTES - pointer) / (recordSize + pointer));
    total = (here + 1) * total + here;
    if (!(here >= 1 && Number.isSafeInteger(total))) {
      throw new DamagedStructure("a tree is deeper than any file");
    }
    levels.push({ countBytes, totalBytes: bytesFor(total) });
  }
  return levels;
}

function* walk(
  tree: Tree,
  address: number,
  { count, height }: { readonly count: number; readonly height: number },
): Generator<Cursor> {
  const { blocks, recordSize, nodeSize, levels, seen } = tree;
  if (seen.has(address)) throw new DamagedStructure("a tree never ends");
  seen.add(address);
  const { offsetSize } = blocks.superblock;
  const { countBytes, totalBytes } = levels[Math.max(0, height - 1)]!;
  const pointers = height > 0 ? (count + 1) * (offsetSize + countBytes + totalBytes) : 0;
  const length = 6 + count * recordSize + pointers;
  if (length + 4 > nodeSize) throw new DamagedStructure("a tree's node holds too many records");
  const node = blocks.checked(address, length).expect(height > 0 ? "BTIN" : "BTLF").skip(1);
  if (node.u8() !== tree.type) throw new DamagedStructure("a tree's node is of another tree");
  const records = Array.from({ length: count }, () => node.block(recordSize));
  if (height === 0) return yield* records;
  for (let i = 0; i <= count; i++) {
    const child = node.requiredAddress();
    const below = node.uint(countBytes);
    node.skip(totalBytes);
    yield* walk(tree, child, { count: below, height: height - 1 });
    if (i < count) yield records[i]!;
  }
}

/**
 * Reads the records of a tree.
 *
 * @param blocks The open file.
 * @param address Address of the tree's header.
 * @param type What its records must be.
 * @returns The records in order, each at its start.
 * @throws {DamagedStructure} if the tree is damaged.
 */
export function* readRecords(blocks: Blocks, address: number, type: number): Generator<Cursor> {
  const { offsetSize, lengthSize } = blocks.superblock;
  const head = blocks.checked(address, 18 + offsetSize + lengthSize).expect("BTHD");
  const version = head.u8();
  if (version !== 0) throw new UnknownStructure(`tree of version ${version}`);
  if (head.u8() !== type) throw new DamagedStructure("a tree is of another kind");
  const nodeSize = head.u32();
  const recordSize = head.u16();
  const depth = head.u16();
  const root = head.skip(2).address();
  const count = head.u16();
  if (root === undefined) return;
  const levels = levelsOf({ nodeSize, recordSize, depth, offsetSize });
  const tree = { blocks, type, nodeSize, recordSize, levels, seen: new Set<number>() };
  yield* walk(tree, root, { count, height: depth });
}
