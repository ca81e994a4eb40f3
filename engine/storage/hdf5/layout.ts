/**
 * The header messages that say what a dataset holds and where: dataspace, datatype, layout, filters.
 * @module
 */
import { type Cursor, UnknownStructure } from "./cursor.ts";
import { MESSAGE, type Messages } from "./objects.ts";
import type { NumberFormat } from "../number_format.ts";

/** Where the data lies. */
export type Layout =
  | { readonly kind: "contiguous"; readonly address: number }
  | { readonly kind: "chunked"; readonly chunk: readonly number[]; readonly index: ChunkIndex };

/** How the chunks are found. */
export type ChunkIndex =
  | { readonly kind: "tree"; readonly address: number }
  | { readonly kind: "fixed_array"; readonly address: number }
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
}

/** Exponent position and size, mantissa size, bias: the floats that are known. */
const FLOATS: Readonly<Record<string, readonly [NumberFormat["kind"], NumberFormat["size"]]>> = {
  "10 5 10 15": ["float", 2],
  "7 8 7 127": ["bfloat", 2],
  "23 8 23 127": ["float", 4],
  "52 11 52 1023": ["float", 8],
};

function only(messages: Messages, type: number): Cursor {
  const [message] = messages.get(type) ?? [];
  if (!message) throw new UnknownStructure(`header message ${type} is missing`);
  message.at = 0;
  return message;
}

/**
 * Reads the dimensions.
 *
 * @param messages A dataset's messages.
 * @returns Its shape.
 */
export function readShape(messages: Messages): number[] {
  const message = only(messages, MESSAGE.dataspace);
  const version = message.u8();
  const rank = message.u8();
  if (version === 1) message.skip(6);
  else if (version === 2) message.skip(2);
  else throw new UnknownStructure("dataspace of an unknown version");
  return Array.from({ length: rank }, () => message.length());
}

/**
 * Reads the type of the numbers.
 *
 * @param messages A dataset's messages.
 * @returns How they are stored.
 */
export function readFormat(messages: Messages): NumberFormat {
  const message = only(messages, MESSAGE.datatype);
  const kind = message.u8() & 0x0f;
  const bits = message.uint(3);
  const size = message.u32();
  const littleEndian = (bits & 1) === 0;
  const whole = message.u16() === 0 && message.u16() === 8 * size;
  if (!whole) throw new UnknownStructure("numbers are padded");
  if (kind === 0) {
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) {
      throw new UnknownStructure(`integers of ${size} bytes`);
    }
    return { kind: bits & 0x08 ? "signed" : "unsigned", size, littleEndian };
  }
  if (kind !== 1 || bits & 0x40) throw new UnknownStructure(`numbers of class ${kind}`);
  const [exponentAt, exponentSize, mantissaAt, mantissaSize] = message.bytes(4);
  const known = FLOATS[`${exponentAt} ${exponentSize} ${mantissaSize} ${message.u32()}`];
  if (!known || mantissaAt !== 0 || known[1] !== size) {
    throw new UnknownStructure("floats of an unknown kind");
  }
  return { kind: known[0], size: known[1], littleEndian };
}

function readIndex(message: Cursor, flags: number, kind: number): ChunkIndex {
  switch (kind) {
    case 1: {
      const filtered = flags & 0x02 ? { size: message.length(), mask: message.u32() } : undefined;
      return { kind: "single", address: message.requiredAddress(), filtered };
    }
    case 2:
      return { kind: "implicit", address: message.requiredAddress() };
    case 3:
      return { kind: "fixed_array", address: message.skip(1).requiredAddress() };
    default:
      throw new UnknownStructure(`chunk index of kind ${kind}`);
  }
}

/**
 * Reads where the data lies.
 *
 * @param messages A dataset's messages.
 * @returns Its layout.
 */
export function readLayout(messages: Messages): Layout {
  if (messages.has(MESSAGE.externalFiles)) throw new UnknownStructure("data in other files");
  const message = only(messages, MESSAGE.layout);
  const version = message.u8();
  if (version < 3 || version > 5) throw new UnknownStructure(`layout of version ${version}`);
  const kind = message.u8();
  if (kind === 1) return { kind: "contiguous", address: message.requiredAddress() };
  if (kind !== 2) throw new UnknownStructure(`layout of class ${kind}`);
  // Dimensions of a chunk are followed by the size of an element.
  if (version === 3) {
    const rank = message.u8();
    const address = message.requiredAddress();
    const chunk = Array.from({ length: rank }, () => message.u32()).slice(0, -1);
    return { kind: "chunked", chunk, index: { kind: "tree", address } };
  }
  const flags = message.u8();
  const rank = message.u8();
  const size = message.u8();
  const chunk = Array.from({ length: rank }, () => message.uint(size)).slice(0, -1);
  return { kind: "chunked", chunk, index: readIndex(message, flags, message.u8()) };
}

/**
 * Reads the filters.
 *
 * @param messages A dataset's messages.
 * @returns Its filters, in the order in which they were applied.
 */
export function readFilters(messages: Messages): Filter[] {
  if (!messages.has(MESSAGE.filters)) return [];
  const message = only(messages, MESSAGE.filters);
  const version = message.u8();
  const count = message.u8();
  if (version === 1) message.skip(6);
  else if (version !== 2) throw new UnknownStructure("filters of an unknown version");
  return Array.from({ length: count }, () => {
    const id = message.u16();
    const nameLength = version === 1 || id >= 256 ? message.u16() : 0;
    const values = message.skip(2).u16();
    message.skip(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    const filter = { id, values: Array.from({ length: values }, () => message.u32()) };
    if (version === 1 && values % 2 === 1) message.skip(4);
    return filter;
  });
}
