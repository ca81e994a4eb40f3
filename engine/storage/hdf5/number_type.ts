/**
 * Which of HDF5's numbers can be read, and how. Every reader asks here, so that none of them takes
 * numbers for others of their size.
 * @module
 */
import type { NumberFormat } from "../number_format.ts";
import { DamagedStructure } from "./cursor.ts";
import type { Datatype, FloatType, IntegerType } from "./datatype.ts";

/** Parts of the floats that can be read: bytes, exponent's size, mantissa's size, bias. */
const FLOATS: readonly (
  & Pick<FloatType, "size" | "exponentSize" | "mantissaSize" | "bias">
  & Pick<NumberFormat, "kind">
)[] = [
  { size: 2, exponentSize: 5, mantissaSize: 10, bias: 15, kind: "float" },
  { size: 2, exponentSize: 8, mantissaSize: 7, bias: 127, kind: "bfloat" },
  { size: 4, exponentSize: 8, mantissaSize: 23, bias: 127, kind: "float" },
  { size: 8, exponentSize: 11, mantissaSize: 52, bias: 1023, kind: "float" },
];

/** What is said of numbers that cannot be read, and of what is none. */
const [UNREADABLE, NO_NUMBERS] = ["which cannot be read here", "not numbers"];

function isSize(size: number): size is NumberFormat["size"] {
  return size === 1 || size === 2 || size === 4 || size === 8;
}

function checkBits({ offset, precision, size }: IntegerType | FloatType): void {
  if (precision > 0 && offset + precision <= 8 * size) return;
  throw new DamagedStructure(`numbers of ${precision} bits from bit ${offset} on in ${size} bytes`);
}

function integerType(type: IntegerType): NumberFormat | string {
  const { size, littleEndian, signed, offset, precision } = type;
  if (!isSize(size)) return `${8 * size}-bit integers, ${UNREADABLE}`;
  checkBits(type);
  const format = { kind: signed ? "signed" : "unsigned", size, littleEndian } as const;
  return precision === 8 * size ? format : { ...format, bits: { offset, precision } };
}

function floatType(type: FloatType): NumberFormat | string {
  checkBits(type);
  const { size, precision, order, bias } = type;
  if (size === 1 || size > 8) return `${8 * size}-bit floats, ${UNREADABLE}`;
  if (order === "VAX") return `VAX floats, ${UNREADABLE}`;
  const known = FLOATS.find((float) =>
    size === float.size && type.exponentSize === float.exponentSize &&
    type.mantissaSize === float.mantissaSize && bias === float.bias
  );
  // Sign, exponent and mantissa follow one another from the highest bit to the lowest.
  const whole = type.implied && type.offset === 0 && precision === 8 * size &&
    type.sign === precision - 1 && type.exponentAt === type.mantissaSize && type.mantissaAt === 0;
  if (known && whole && isSize(size)) {
    return { kind: known.kind, size, littleEndian: order === "little" };
  }
  return `floats of an unusual kind (${precision} bits, ${type.exponentSize} of them exponent ` +
    `with bias ${bias}, ${type.mantissaSize} mantissa), ${UNREADABLE}`;
}

/**
 * Decides how numbers are read.
 *
 * @param type Their type as a file describes it.
 * @returns Their format, or what they are instead, for a sentence that begins with "holds".
 * @throws {DamagedStructure} if the type contradicts itself.
 *
 * @example Numbers of 12 bits, and texts
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const integer = { class: "integer", size: 2, littleEndian: true, signed: true } as const;
 * assertEquals(numberType({ ...integer, offset: 4, precision: 12 }), {
 *   kind: "signed",
 *   size: 2,
 *   littleEndian: true,
 *   bits: { offset: 4, precision: 12 },
 * });
 * assertEquals(numberType({ class: "other", size: 8, name: "compounds" }), "compounds, not numbers");
 * ```
 */
export function numberType(type: Datatype): NumberFormat | string {
  switch (type.class) {
    case "integer":
      return integerType(type);
    case "float":
      return floatType(type);
    case "enumeration":
      if (type.base.class !== "integer") return `enumerations, ${NO_NUMBERS}`;
      if (type.base.size !== type.size) throw new DamagedStructure("an enumeration of two sizes");
      return integerType(type.base);
    case "text":
      return `strings, ${NO_NUMBERS}`;
    case "other":
      return `${type.name}, ${NO_NUMBERS}`;
  }
}
