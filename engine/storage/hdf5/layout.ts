/**
 * The header messages that say what a dataset holds and where: dataspace, layout, filters, fill
 * value.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { type Datatype, readDatatype } from "./datatype.ts";
import { MESSAGE, type Messages } from "./objects.ts";

/** Where the data lies. */
export type Layout =
  /** In the header itself. */
  | { readonly kind: "compact"; readonly data: Uint8Array }
  /** In one piece; nowhere, if it was never written. */
  | {
    readonly kind: "contiguous";
    readonly address: number | undefined;
    /** Bytes of the piece, where the file says that. */
    readonly size?: number;
  }
  | {
    readonly kind: "chunked";
    readonly chunk: readonly number[];
    /** Bytes of an element. */
    readonly elementSize: number;
    readonly index: ChunkIndex;
    /** Whether chunks that reach over the edge of the dataset went through no filters. */
    readonly plainEdges: boolean;
  }
  /** In other datasets, which the heap names. */
  | { readonly kind: "virtual"; readonly mapping: Cursor };

/** How the chunks are found. */
export type ChunkIndex =
  | { readonly kind: "none" }
  | { readonly kind: "tree"; readonly address: number }
  | { readonly kind: "fixed_array"; readonly address: number }
  | { readonly kind: "extensible_array"; readonly address: number }
  | { readonly kind: "tree2"; readonly address: number }
  | { readonly kind: "implicit"; readonly address: number }
  | {
    readonly kind: "single";
    readonly address: number;
    /** Stored bytes and filter mask, if there are filters. */
    readonly filtered?: { readonly size: number; readonly mask: number };
  };

/** One step of the pipeline through which chunks went. */
export interface Filter {
  /** Registered number. */
  readonly id: number;
  /** Its parameters. */
  readonly values: readonly number[];
  /** Its name, where the file gives one. */
  readonly name?: string;
}

/** Length of a fill value that is not defined. */
const NO_FILL = 0xffffffff;
/** Most dimensions of a dataset. */
const MAX_RANK = 32;

/**
 * Reads the dimensions.
 *
 * @param messages A dataset's messages.
 * @returns Its shape; `undefined` where it holds no values on purpose.
 */
export function readShape(messages: Messages): number[] | undefined {
  return readDataspace(messages.one(MESSAGE.dataspace));
}

/**
 * Reads how far the dimensions may grow.
 *
 * @param messages A dataset's messages.
 * @returns The largest sizes; `undefined` for those without limit.
 */
export function readMaxShape(messages: Messages): (number | undefined)[] {
  const message = messages.one(MESSAGE.dataspace);
  const shape = readDataspace(message) ?? [];
  const end = message.at;
  message.at = 2;
  const limited = (message.u8() & 1) !== 0;
  message.at = end;
  if (!limited) return shape;
  return shape.map(() => message.limit());
}

/**
 * Reads a dataspace.
 *
 * @param message At its start.
 * @returns The dimensions; `undefined` where it has no values on purpose.
 */
export function readDataspace(message: Cursor): number[] | undefined {
  const version = message.u8();
  if (version !== 1 && version !== 2) {
    throw new UnknownStructure(`dataspace of version ${version}`);
  }
  const rank = message.u8();
  if (rank > MAX_RANK) throw new DamagedStructure(`a dataset of ${rank} dimensions`);
  const kind = message.skip(1).u8();
  if (version === 1) message.skip(4);
  else if (kind === 2) return undefined;
  const shape = Array.from({ length: rank }, () => message.length());
  if (!Number.isSafeInteger(sizeOf(shape))) {
    throw new DamagedStructure("a dataset of more than 2^53 values");
  }
  return shape;
}

/**
 * Reads the type of what a dataset holds.
 *
 * @param messages A dataset's messages.
 * @returns Its type.
 */
export function readType(messages: Messages): Datatype {
  return readDatatype(messages.one(MESSAGE.datatype));
}

/** The index of a chunked layout of version 4. */
function readIndex(message: Cursor, flags: number): ChunkIndex {
  const kind = message.u8();
  let filtered: { readonly size: number; readonly mask: number } | undefined;
  if (kind === 1 && flags & 0x02) filtered = { size: message.length(), mask: message.u32() };
  // Parameters, which the index repeats.
  message.skip([0, 0, 0, 1, 5, 6][kind] ?? 0);
  if (kind < 1 || kind > 5) throw new UnknownStructure(`chunk index of kind ${kind}`);
  const address = message.address();
  if (address === undefined) return { kind: "none" };
  switch (kind) {
    case 1:
      return { kind: "single", address, filtered };
    case 2:
      return { kind: "implicit", address };
    case 3:
      return { kind: "fixed_array", address };
    case 4:
      return { kind: "extensible_array", address };
    default:
      return { kind: "tree2", address };
  }
}

/** Dimensions of a chunk, which are followed by the size of an element. */
function splitChunk(sizes: readonly number[]) {
  const elementSize = sizes.at(-1) ?? 0;
  if (sizes.length < 2 || sizes.includes(0)) throw new DamagedStructure("chunks without values");
  return { kind: "chunked", chunk: sizes.slice(0, -1), elementSize } as const;
}

/** Versions 1 and 2, of files of the time before 2004. */
function readOldLayout(message: Cursor): Layout {
  const rank = message.u8();
  const kind = message.u8();
  message.skip(5);
  if (kind > 2) throw new UnknownStructure(`layout of class ${kind}`);
  const address = kind === 0 ? undefined : message.address();
  const sizes = Array.from({ length: rank }, () => message.u32());
  if (kind === 0) return { kind: "compact", data: message.bytes(message.u32()) };
  if (kind === 1) return { kind: "contiguous", address };
  const index = address === undefined
    ? { kind: "none" } as const
    : { kind: "tree", address } as const;
  return { ...splitChunk(sizes), index, plainEdges: false };
}

/**
 * Reads where the data lies.
 *
 * @param messages A dataset's messages.
 * @returns Its layout.
 */
export function readLayout(messages: Messages): Layout {
  const message = messages.one(MESSAGE.layout);
  const version = message.u8();
  if (version === 1 || version === 2) return readOldLayout(message);
  if (version < 3 || version > 5) throw new UnknownStructure(`layout of version ${version}`);
  const kind = message.u8();
  if (kind === 0) return { kind: "compact", data: message.bytes(message.u16()) };
  if (kind === 1) {
    return { kind: "contiguous", address: message.address(), size: message.length() };
  }
  if (kind === 3) return { kind: "virtual", mapping: message };
  if (kind !== 2) throw new UnknownStructure(`layout of class ${kind}`);
  if (version === 3) {
    const rank = message.u8();
    const address = message.address();
    const sizes = Array.from({ length: rank }, () => message.u32());
    const index: ChunkIndex = address === undefined ? { kind: "none" } : { kind: "tree", address };
    return { ...splitChunk(sizes), index, plainEdges: false };
  }
  const flags = message.u8();
  const rank = message.u8();
  const size = message.u8();
  const sizes = Array.from({ length: rank }, () => message.uint(size));
  return { ...splitChunk(sizes), index: readIndex(message, flags), plainEdges: (flags & 1) !== 0 };
}

/**
 * Reads the filters.
 *
 * @param messages A dataset's messages.
 * @returns Its filters, in the order in which they were applied.
 */
export function readFilters(messages: Messages): Filter[] {
  if (!messages.has(MESSAGE.filters)) return [];
  const message = messages.one(MESSAGE.filters);
  const version = message.u8();
  if (version !== 1 && version !== 2) throw new UnknownStructure(`filters of version ${version}`);
  const count = message.u8();
  if (version === 1) message.skip(6);
  return Array.from({ length: count }, () => {
    const id = message.u16();
    const nameLength = version === 1 || id >= 256 ? message.u16() : 0;
    const values = message.skip(2).u16();
    const text = message.text(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    const name = text.split("\0")[0] || undefined;
    const filter = { id, name, values: Array.from({ length: values }, () => message.u32()) };
    if (version === 1 && values % 2 === 1) message.skip(4);
    return filter;
  });
}

/**
 * Reads what stands for values that were never written.
 *
 * @param messages A dataset's messages.
 * @param elementSize Bytes of an element.
 * @returns The bytes of one element.
 */
export function readFill(messages: Messages, elementSize: number): Uint8Array {
  const value = fillBytes(messages);
  if (value.length === 0) return new Uint8Array(elementSize);
  if (value.length !== elementSize) {
    throw new DamagedStructure(`a fill value of ${value.length} bytes`);
  }
  return value;
}

function fillBytes(messages: Messages): Uint8Array {
  const none = new Uint8Array(0);
  if (messages.has(MESSAGE.fill)) {
    const message = messages.one(MESSAGE.fill);
    const version = message.u8();
    if (version === 3) return message.u8() & 0x20 ? message.bytes(message.u32()) : none;
    if (version !== 1 && version !== 2) throw new UnknownStructure(`fill of version ${version}`);
    const defined = message.skip(2).u8() !== 0;
    const length = version === 1 || defined ? message.u32() : NO_FILL;
    return length === NO_FILL ? none : message.bytes(length);
  }
  if (!messages.has(MESSAGE.oldFill)) return none;
  const message = messages.one(MESSAGE.oldFill);
  return message.bytes(message.u32());
}
