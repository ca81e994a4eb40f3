import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { unpackLzw } from "../../../engine/images/_lzw.ts";

/** Packs codes of the given numbers of bits into one block. */
function packed(
  bits: number,
  codes: readonly (readonly [code: number, width: number])[],
): Uint8Array {
  const digits = codes.map(([code, width]) => code.toString(2).padStart(width, "0")).reverse().join(
    "",
  );
  const count = Math.ceil(digits.length / 8);
  const padded = digits.padStart(count * 8, "0");
  const bytes = Array.from({ length: count }, (_, i) => {
    return parseInt(padded.slice((count - 1 - i) * 8, (count - i) * 8), 2);
  });
  return new Uint8Array([bits, bytes.length, ...bytes, 0]);
}

Deno.test("unpackLzw() unpacks codes, those that stand for several, and one that is just made", () => {
  const file = packed(2, [[4, 3], [1, 3], [6, 3], [6, 3], [2, 4], [5, 4]]);
  assertEquals([...unpackLzw(file, 0, 6)], [1, 1, 1, 1, 1, 2]);
});

Deno.test("unpackLzw() stops at the number of indices, and begins anew where codes say so", () => {
  const file = packed(2, [[4, 3], [1, 3], [6, 3], [4, 3], [3, 3], [0, 3], [5, 3]]);
  assertEquals([...unpackLzw(file, 0, 5)], [1, 1, 1, 3, 0]);
  assertEquals([...unpackLzw(file, 0, 2)], [1, 1]);
});

Deno.test("unpackLzw() refuses codes that cannot be, and data that end", () => {
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [packed(2, [[4, 3], [6, 3]]), "its packed pixels are damaged"],
    [packed(2, [[4, 3], [1, 3], [7, 3]]), "its packed pixels are damaged"],
    [packed(2, [[4, 3], [1, 3], [5, 3]]), "the file is truncated: its pixels end early"],
    [packed(2, [[4, 3], [1, 3]]), "the file is truncated"],
    [packed(2, [[4, 3], [1, 3]]).subarray(0, 2), "the file is truncated"],
    [new Uint8Array(0), "the file is truncated"],
    [packed(0, [[1, 1]]), "its pixels are packed by codes of 0 bits"],
  ];
  for (const [file, message] of cases) {
    assertThrows(() => unpackLzw(file, 0, 9), ImageError, message);
  }
});
