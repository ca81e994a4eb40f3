import { assertEquals } from "@std/assert";
import {
  converter,
  formatName,
  indexOfNonFinite,
  type NumberFormat,
  swapBytes,
} from "../../../engine/storage/number_format.ts";

const CASES: readonly (readonly [NumberFormat["kind"], ArrayBufferView, readonly number[]])[] = [
  ["float", new Float64Array([1.5, -2]), [1.5, -2]],
  ["float", new Float32Array([1.5, -2]), [1.5, -2]],
  ["float", new Float16Array([1.5, -2, 6e-8]), [1.5, -2, 5.960464477539063e-8]],
  ["bfloat", new Uint16Array([0x3fc0, 0xc000]), [1.5, -2]],
  ["signed", new BigInt64Array([-3n, 7n]), [-3, 7]],
  ["unsigned", new BigUint64Array([3n, 7n]), [3, 7]],
  ["signed", new Int32Array([-3, 7]), [-3, 7]],
  ["unsigned", new Uint32Array([0xffff_ff00]), [0xffff_ff00]],
  ["signed", new Int16Array([-3]), [-3]],
  ["unsigned", new Uint16Array([65_535]), [65_535]],
  ["signed", new Int8Array([-3]), [-3]],
  ["unsigned", new Uint8Array([255]), [255]],
];

for (const [kind, array, expected] of CASES) {
  const count = expected.length;
  const size = array.byteLength / count as NumberFormat["size"];
  const name = formatName({ kind, size, littleEndian: true });
  const bytes = new Uint8Array(array.buffer);

  Deno.test(`converter() reads ${name} in both byte orders and at any address`, () => {
    const target = new Float32Array(count + 2);
    converter({ kind, size, littleEndian: true })(bytes, target, 1);
    assertEquals(target, Float32Array.from([0, ...expected, 0]));

    const odd = new Uint8Array(bytes.length + 1);
    odd.set(bytes, 1);
    const doubles = new Float64Array(count);
    converter({ kind, size, littleEndian: true })(odd.subarray(1), doubles, 0);
    assertEquals(doubles, Float64Array.from(expected));

    const swapped = bytes.slice();
    swapBytes(swapped, size);
    const before = swapped.slice();
    converter({ kind, size, littleEndian: false })(swapped, doubles, 0);
    assertEquals(doubles, Float64Array.from(expected));
    assertEquals(swapped, before, "the input must stay as it is");
  });
}

Deno.test("converter() reads every float16 as Float16Array does", () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const target = new Float32Array(all.length);
  converter({ kind: "float", size: 2, littleEndian: true })(
    new Uint8Array(all.buffer),
    target,
    0,
  );
  assertEquals(target, Float32Array.from(new Float16Array(all.buffer)));
});

Deno.test("indexOfNonFinite() finds NaN and Inf at every place", () => {
  for (let length = 1; length < 10; length++) {
    assertEquals(indexOfNonFinite(new Float32Array(length).fill(3e38)), -1);
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (let at = 0; at < length; at++) {
        const values = new Float32Array(length).fill(1);
        values[at] = bad;
        assertEquals(indexOfNonFinite(values), at);
      }
    }
  }
});

Deno.test("converter() takes the bits that an integer has, and none of those beside them", () => {
  const read = (format: NumberFormat, word: bigint) => {
    const bytes = new Uint8Array(BigUint64Array.of(word).buffer).slice(0, format.size);
    if (!format.littleEndian) bytes.reverse();
    const target = new Float64Array(1);
    converter(format)(bytes, target, 0);
    return target[0];
  };
  for (const size of [1, 2, 4, 8] as const) {
    for (let precision = 1; precision < 8 * size; precision++) {
      const offset = (7 * precision) % (8 * size - precision + 1);
      const bits = { offset, precision };
      const largest = 2n ** BigInt(precision) - 1n;
      const around = ~(largest << BigInt(offset));
      for (const littleEndian of [true, false]) {
        for (const value of [0n, 1n, largest >> 1n, largest]) {
          const word = BigInt.asUintN(8 * size, value << BigInt(offset) | around);
          const unsigned = read({ kind: "unsigned", size, littleEndian, bits }, word);
          assertEquals(unsigned, Number(value));
          const signed = read({ kind: "signed", size, littleEndian, bits }, word);
          assertEquals(signed, Number(BigInt.asIntN(precision, value)));
        }
      }
    }
  }
});
