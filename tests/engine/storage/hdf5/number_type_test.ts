import { assert, assertEquals, assertThrows } from "@std/assert";
import { DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import type { FloatType, IntegerType } from "../../../../engine/storage/hdf5/datatype.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { numberType } from "../../../../engine/storage/hdf5/number_type.ts";
import { KINDS_FOLDER } from "../testdata.ts";

const integer: IntegerType = {
  ...{ class: "integer", size: 4, littleEndian: true, signed: true, offset: 0, precision: 32 },
};
const half: FloatType = {
  ...{ class: "float", size: 2, order: "little", offset: 0, precision: 16, sign: 15 },
  ...{ exponentAt: 10, exponentSize: 5, mantissaAt: 0, mantissaSize: 10, bias: 15, implied: true },
};

Deno.test("numberType() reads whole integers as they are, and others by their bits", () => {
  assertEquals(numberType(integer), { kind: "signed", size: 4, littleEndian: true });
  assertEquals(numberType({ ...integer, signed: false, offset: 3, precision: 17 }), {
    kind: "unsigned",
    size: 4,
    littleEndian: true,
    bits: { offset: 3, precision: 17 },
  });
  const odd = numberType({ ...integer, size: 3, precision: 24 });
  assertEquals(odd, "24-bit integers, which cannot be read here");
});

Deno.test("numberType() takes no float for another of its size", () => {
  assertEquals(numberType(half), { kind: "float", size: 2, littleEndian: true });
  const brain = { ...half, exponentAt: 7, exponentSize: 8, mantissaSize: 7, bias: 127 };
  assertEquals(numberType({ ...brain, order: "big" }), {
    kind: "bfloat",
    size: 2,
    littleEndian: false,
  });
  const others: Partial<FloatType>[] = [
    ...[{ bias: 14 }, { mantissaAt: 1 }, { sign: 0 }, { implied: false }, { precision: 15 }],
    ...[{ exponentAt: 11 }, { exponentSize: 6 }, { offset: 1, precision: 15 }, { size: 4 }],
  ];
  for (const change of others) {
    const state = numberType({ ...half, ...change });
    assert(typeof state === "string" && state.includes("of an unusual kind"), String(state));
  }
  assertEquals(numberType({ ...half, order: "VAX" }), "VAX floats, which cannot be read here");
});

Deno.test("numberType() reads enumerations as the integers below them", () => {
  const base = { ...integer, littleEndian: false };
  const enumeration = { class: "enumeration", size: 4, base, names: ["a"] } as const;
  assertEquals(numberType(enumeration), { kind: "signed", size: 4, littleEndian: false });
  assertThrows(() => numberType({ ...enumeration, size: 2 }), DamagedStructure, "two sizes");
  assertEquals(numberType({ ...enumeration, base: half }), "enumerations, not numbers");
});

Deno.test("numberType() refuses bits that are not there", () => {
  const outside = { ...integer, offset: 1 };
  assertThrows(() => numberType(outside), DamagedStructure, "32 bits from bit 1 on in 4 bytes");
  assertThrows(() => numberType({ ...half, precision: 0 }), DamagedStructure, "0 bits");
});

for (const direct of [true, false]) {
  Deno.test(`Hdf5File.dataset() names numbers that it cannot read (direct: ${direct})`, async () => {
    const states = {
      "float8": "8-bit floats",
      "float16_wide": "floats of an unusual kind (16 bits, 6 of them exponent with bias 31",
      "float24": "floats of an unusual kind (24 bits",
      "float32_bias": "with bias 100",
      "float64_bias_gzip": "with bias 1000",
      "float80": "128-bit floats",
      "int24": "24-bit integers",
      "compound": "compounds, not numbers",
    };
    for (const [name, state] of Object.entries(states)) {
      using file = await Hdf5File.open(`${KINDS_FOLDER}/${name}.h5`, { direct });
      const error: unknown = await file.dataset("features").catch((error) => error);
      assert(error instanceof Error && error.message.includes('dataset "features" holds '));
      assert(error.message.includes(state), error.message);
    }
  });
}
