/**
 * Virtual datasets: which parts of which other datasets they show.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { type Container, cursorOver } from "./container.ts";
import { type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { lookup3 } from "./lookup3.ts";

/** The part of a dataset that a mapping takes. */
export interface Selection {
  /** Behind the last index along each dimension; `undefined` for the whole, however large it is. */
  readonly end: readonly (number | undefined)[] | undefined;
  /** Values that it holds; `undefined` where that depends on how far the dataset has grown. */
  readonly count: number | undefined;
}

/** A part of a virtual dataset, and where its values come from. */
export interface Mapping {
  /** File of the source; `.` for the same file. */
  readonly file: string;
  /** Path of the source inside the file. */
  readonly dataset: string;
  /** What is taken of the source. */
  readonly source: Selection;
  /** What it fills of the virtual dataset. */
  readonly target: Selection;
}

/** Kinds of selections. */
const KIND = { none: 0, hyperslab: 2, all: 3 } as const;
/** Flags of mappings: names that stand elsewhere. */
const NAMES = { fileShared: 0x01, datasetShared: 0x02, sameFile: 0x04 } as const;
/** A count of blocks that grows with the dataset. */
const UNLIMITED = 2 ** 64;
/** Bytes of the checksum behind the mappings. */
const CHECKSUM_BYTES = 4;
const ALL: Selection = { end: undefined, count: undefined };

function readSelection(block: Cursor): Selection {
  const kind = block.u32();
  const version = block.u32();
  if (kind === KIND.none || kind === KIND.all) {
    block.skip(8);
    return kind === KIND.all ? ALL : { end: [], count: 0 };
  }
  if (kind !== KIND.hyperslab) throw new UnknownStructure(`selection of kind ${kind}`);
  switch (version) {
    case 1:
      return readBlocks(block.skip(8), { rank: block.u32(), size: 4 });
    case 2:
    case 3: {
      const regular = (block.u8() & 1) !== 0;
      const size = version === 2 ? 8 : block.u8();
      if (version === 2) block.skip(4);
      if (size !== 2 && size !== 4 && size !== 8) throw new DamagedStructure("odd selection");
      const rank = block.u32();
      return regular ? readRegular(block, { rank, size }) : readBlocks(block, { rank, size });
    }
    default:
      throw new UnknownStructure(`selection of version ${version}`);
  }
}

/** How the numbers of a selection are stored. */
interface Numbers {
  readonly rank: number;
  readonly size: number;
}

/** Along each dimension: start, stride, count and length of blocks. */
function readRegular(block: Cursor, { rank, size }: Numbers): Selection {
  const largest = 2 ** (8 * size) - 1;
  // Numbers with all bits set stand for no limit.
  const read = () => {
    const value = block.uint(size);
    return value >= largest ? UNLIMITED : value;
  };
  const end: (number | undefined)[] = [];
  let total = 1;
  for (let axis = 0; axis < rank; axis++) {
    const [start, stride, count, length] = [read(), read(), read(), read()];
    const unlimited = count === UNLIMITED || length === UNLIMITED;
    end.push(unlimited ? undefined : start + (count - 1) * stride + length);
    total *= unlimited ? Infinity : count * length;
  }
  return { end, count: Number.isFinite(total) ? total : undefined };
}

/** Blocks one by one: their first and their last index. */
function readBlocks(block: Cursor, { rank, size }: Numbers): Selection {
  const blocks = block.uint(size);
  const end: number[] = Array.from({ length: rank }, () => 0);
  let count = 0;
  for (let i = 0; i < blocks; i++) {
    const first = end.map(() => block.uint(size));
    const last = end.map(() => block.uint(size));
    last.forEach((at, axis) => end[axis] = Math.max(end[axis]!, at + 1));
    count += sizeOf(last.map((at, axis) => at - first[axis]! + 1));
  }
  return { end, count };
}

/**
 * Reads the mappings of a virtual dataset.
 *
 * @param container The file that holds it.
 * @param layout Its layout, at the reference to the mappings.
 * @returns The mappings.
 * @throws {DamagedStructure} if they are damaged.
 * @throws {UnknownStructure} if they are of a version that is not known here.
 */
export function readMappings(container: Container, layout: Cursor): Mapping[] {
  const bytes = container.heap.object(layout);
  if (bytes === undefined) return [];
  const block = cursorOver(container, bytes);
  const version = block.u8();
  if (version > 1) throw new UnknownStructure(`virtual dataset of version ${version}`);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - CHECKSUM_BYTES)
    .getUint32(0, true);
  if (stored !== lookup3(bytes.subarray(0, -CHECKSUM_BYTES))) {
    throw new DamagedStructure("the checksum of a virtual dataset differs");
  }
  const count = block.length();
  if (count > block.left) throw new DamagedStructure(`${count} parts in ${block.left} bytes`);
  const mappings: Mapping[] = [];
  for (let i = 0; i < count; i++) {
    const flags = version === 1 ? block.u8() : 0;
    const file = flags & NAMES.sameFile
      ? "."
      : readName(block, flags & NAMES.fileShared, mappings)?.file;
    const dataset = readName(block, flags & NAMES.datasetShared, mappings)?.dataset;
    if (file === undefined || dataset === undefined) {
      throw new DamagedStructure("a virtual dataset without names");
    }
    mappings.push({ file, dataset, source: readSelection(block), target: readSelection(block) });
  }
  return mappings;
}

/** A name, or the mapping that has the same one. */
function readName(
  block: Cursor,
  shared: number,
  before: readonly Mapping[],
): Pick<Mapping, "file" | "dataset"> | undefined {
  if (shared) return before[block.length()];
  const name = new TextDecoder().decode(block.untilZero());
  return { file: name, dataset: name };
}

/**
 * The name of a source, which may stand for a series of files or datasets.
 *
 * @param name The name as it is stored: `%b` stands for a number, `%%` for a percent sign.
 * @returns The name of the first of the series, and whether there may be others.
 *
 * @example A series, and a percent sign
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(firstOfSeries("part_%b.h5"), { name: "part_0.h5", series: true });
 * assertEquals(firstOfSeries("100%%.h5"), { name: "100%.h5", series: false });
 * ```
 */
export function firstOfSeries(name: string): { readonly name: string; readonly series: boolean } {
  let series = false;
  const first = name.replaceAll(/%[b%]/g, (sign) => {
    series ||= sign === "%b";
    return sign === "%b" ? "0" : "%";
  });
  return { name: first, series };
}
