import { assert, assertEquals, assertThrows } from "@std/assert";
import { BmpError, bmpSize, decodeBmp, isBmp } from "../../../engine/images/bmp.ts";
import { assertPixels, bytesOf, EXPECTED, imagePath } from "./_images.ts";

const bitmaps = Object.entries(EXPECTED.images).filter(([name]) => name.endsWith(".bmp"));

for (const [name, { size, rgb }] of bitmaps) {
  Deno.test(`decodeBmp() reads ${name} as PIL does`, () => {
    const bytes = Deno.readFileSync(imagePath(name));
    assert(isBmp(bytes));
    assertEquals(bmpSize(bytes), [...size]);
    assertPixels(decodeBmp(bytes).data, bytesOf(rgb), name);
  });
}

/** One of the bitmaps with some bytes changed. */
function changed(name: string, values: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Deno.readFileSync(imagePath(name));
  for (const [at, value] of Object.entries(values)) bytes[Number(at)] = value;
  return bytes;
}

Deno.test("decodeBmp() refuses what it does not know, and says what that is", () => {
  const whole = changed("24bit.bmp", {});
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [whole.subarray(0, 20), "the file is truncated"],
    [whole.subarray(0, 60), "the file is truncated"],
    [whole.subarray(0, -8), "the file is truncated"],
    [Deno.readFileSync(imagePath("rle8_runs.bmp")).subarray(0, -20), "the file is truncated"],
    [changed("24bit.bmp", { 14: 39 }), "a header of 39 bytes is not known"],
    [changed("24bit.bmp", { 28: 23 }), "23 bits a pixel with compression 0 are not known"],
    [changed("24bit.bmp", { 30: 4 }), "24 bits a pixel with compression 4 are not known"],
    [changed("24bit.bmp", { 18: 0 }), "it claims to be 0x7 pixels large"],
    [changed("24bit.bmp", { 21: 100 }), "it claims to be 1677721611x7 pixels large"],
  ];
  for (const [bytes, message] of cases) assertThrows(() => decodeBmp(bytes), BmpError, message);
});

Deno.test("decodeBmp() takes a last row without padding", () => {
  const bytes = changed("24bit.bmp", {});
  const rows = 7 * 36;
  assertEquals(bytes.length, 54 + rows);
  const expected = bytesOf(EXPECTED.images["24bit.bmp"].rgb);
  assertPixels(decodeBmp(bytes.subarray(0, -3)).data, expected, "without padding");
});

Deno.test("isBmp() knows other files", () => {
  assert(!isBmp(new Uint8Array(0)));
  assert(!isBmp(Deno.readFileSync(imagePath("rgb.png"))));
});
