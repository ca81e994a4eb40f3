import { assertEquals, assertThrows } from "@std/assert";
import { readBmpHeader } from "../../../engine/images/bmp_header.ts";
import { ImageError } from "../../../engine/images/image_error.ts";
import { headerOf, imagePath, kindFile } from "./_images.ts";

/** One of the bitmaps with some bytes changed. */
function changed(values: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Deno.readFileSync(imagePath("24bit.bmp"));
  for (const [at, value] of Object.entries(values)) bytes[Number(at)] = value;
  return bytes;
}

Deno.test("readBmpHeader() says how pixels are stored", () => {
  const { width, height, topDown, bits, compression } = readBmpHeader(headerOf(changed({})));
  assertEquals([width, height, topDown, bits, compression], [11, 7, false, 24, "none"]);
  const topDownFile = Deno.readFileSync(imagePath("top_down.bmp"));
  assertEquals(readBmpHeader(headerOf(topDownFile)).height, 7);
  assertEquals(readBmpHeader(headerOf(topDownFile)).topDown, true);
  const packed = readBmpHeader(headerOf(Deno.readFileSync(imagePath("rle4.bmp"))));
  assertEquals([packed.bits, packed.compression, packed.colors], [4, "rle4", 16]);
});

Deno.test("readBmpHeader() finds pixels where the header does not say where they are", () => {
  for (const name of ["bmp without position", "bmp position of the palette"]) {
    assertEquals(readBmpHeader(headerOf(kindFile(name))).offset, 54 + 64, name);
  }
});

Deno.test("readBmpHeader() refuses what it does not know, and says what that is", () => {
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [changed({}).subarray(0, 16), "the file is truncated"],
    [changed({}).subarray(0, 50), "the file is truncated"],
    [changed({ 14: 39 }), "a header of 39 bytes is not known"],
    [changed({ 28: 23 }), "23 bits a pixel with compression 0 are not known"],
    [changed({ 30: 4 }), "24 bits a pixel with compression 4 are not known"],
    [changed({ 30: 3 }), "are not known"],
    [
      kindFile("bmp 32 bits, 3ff00000, ffc00, 3ff, 0"),
      "colors in the bits 3ff00000, ffc00, 3ff, 0",
    ],
    [changed({ 28: 8, 49: 1 }), "its palette has 16777216 colors"],
  ];
  for (const [bytes, message] of cases) {
    assertThrows(() => readBmpHeader(headerOf(bytes)), ImageError, message);
  }
});
