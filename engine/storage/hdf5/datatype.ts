/**
 * HDF5's descriptions of types, field by field. What the numbers mean is said in `number_type.ts`.
 * @module
 */
import { type Cursor, DamagedStructure } from "./cursor.ts";

/** An integer of a size in bytes, of which `precision` bits from bit `offset` on are used. */
export interface IntegerType {
  readonly class: "integer";
  readonly size: number;
  readonly littleEndian: boolean;
  readonly signed: boolean;
  readonly offset: number;
  readonly precision: number;
}

/** A float: where its parts lie, as numbers of bits. */
export interface FloatType {
  readonly class: "float";
  readonly size: number;
  readonly order: "little" | "big" | "VAX";
  readonly offset: number;
  readonly precision: number;
  readonly sign: number;
  readonly exponentAt: number;
  readonly exponentSize: number;
  readonly mantissaAt: number;
  readonly mantissaSize: number;
  readonly bias: number;
  /** Whether the mantissa's first bit, which is 1, is left out, as in IEEE 754. */
  readonly implied: boolean;
}

/** A text, of one length or of any. */
export interface TextType {
  readonly class: "text";
  readonly size: number;
  readonly anyLength: boolean;
  /** What fills texts of one length: nothing after a zero, zeros, or spaces. */
  readonly padding: "terminated" | "zeros" | "spaces";
}

/** An enumeration of named integers. */
export interface EnumerationType {
  readonly class: "enumeration";
  readonly size: number;
  readonly base: Datatype;
  readonly names: readonly string[];
}

/** Any other type, of which only the name of its class and its size are known. */
export interface OtherType {
  readonly class: "other";
  readonly size: number;
  readonly name: string;
}

/** A type. */
export type Datatype = IntegerType | FloatType | TextType | EnumerationType | OtherType;

/** HDF5's names of its type classes, by number. */
const CLASSES = [
  "integers",
  "floats",
  "times",
  "strings",
  "bit fields",
  "opaque bytes",
  "compounds",
  "references",
  "enumerations",
  "lists of varying length",
  "arrays",
  "complex numbers",
];
/** Class of enumerations. */
const ENUMERATION = 8;
const PADDINGS = ["terminated", "zeros", "spaces"] as const;
/** Of lists of varying length: those that are texts. */
const TEXT = 1;

function readInteger(message: Cursor, bits: number, size: number): IntegerType {
  const [littleEndian, signed] = [(bits & 1) === 0, (bits & 0x08) !== 0];
  return { class: "integer", size, littleEndian, signed, ...readBits(message) };
}

function readBits(message: Cursor): { readonly offset: number; readonly precision: number } {
  const offset = message.u16();
  return { offset, precision: message.u16() };
}

function readFloat(message: Cursor, bits: number, size: number): FloatType {
  const used = readBits(message);
  const [exponentAt, exponentSize] = [message.u8(), message.u8()];
  const [mantissaAt, mantissaSize] = [message.u8(), message.u8()];
  return {
    class: "float",
    size,
    order: bits & 0x40 ? "VAX" : bits & 1 ? "big" : "little",
    ...used,
    sign: bits >> 8 & 0xff,
    exponentAt,
    exponentSize,
    mantissaAt,
    mantissaSize,
    bias: message.u32(),
    implied: (bits >> 4 & 3) === 2,
  };
}

function readEnumeration(
  message: Cursor,
  { version, count, size }: {
    readonly version: number;
    readonly count: number;
    readonly size: number;
  },
): EnumerationType {
  const base = readDatatype(message, { nested: true });
  const names = Array.from({ length: count }, () => {
    const bytes = message.untilZero();
    // Older versions fill names up to whole blocks of 8 bytes.
    if (version < 3) message.skip((8 - (bytes.length + 1) % 8) % 8);
    return new TextDecoder().decode(bytes);
  });
  return { class: "enumeration", size, base, names };
}

/**
 * Reads the description of a type.
 *
 * @param message At its start.
 * @param options Whether it is the type below an enumeration, which is none itself.
 * @returns The type.
 * @throws {DamagedStructure} if it is not a description of a type.
 */
export function readDatatype(
  message: Cursor,
  { nested = false }: { readonly nested?: boolean } = {},
): Datatype {
  const head = message.u8();
  const [kind, version] = [head & 0x0f, head >> 4];
  if (nested && kind === ENUMERATION) throw new DamagedStructure("an enumeration of enumerations");
  const bits = message.uint(3);
  const size = message.u32();
  if (version < 1 || version > 5) throw new DamagedStructure(`a type of version ${version}`);
  if (size === 0) throw new DamagedStructure("a type of no bytes");
  const padding = PADDINGS[kind === 3 ? bits & 0x0f : bits >> 4 & 0x0f] ?? "terminated";
  switch (kind) {
    case 0:
      return readInteger(message, bits, size);
    case 1:
      return readFloat(message, bits, size);
    case 3:
      return { class: "text", size, anyLength: false, padding };
    case ENUMERATION:
      return readEnumeration(message, { version, count: bits & 0xffff, size });
    case 9:
      if ((bits & 0x0f) === TEXT) return { class: "text", size, anyLength: true, padding };
  }
  return { class: "other", size, name: CLASSES[kind] ?? "values of an unknown type" };
}
