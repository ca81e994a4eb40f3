import { assertEquals, assertThrows } from "@std/assert";
import { decodeGif, readGifHeader } from "../../../engine/images/gif.ts";
import { ImageError } from "../../../engine/images/image_error.ts";
import { assertPixels, bytesOf, EXPECTED, headerOf, imagePath, kindFile } from "./_images.ts";

const gif = Deno.readFileSync(imagePath("palette.gif"));

Deno.test("decodeGif() reads the first image as PIL does", () => {
  assertPixels(decodeGif(gif).data, bytesOf(EXPECTED.images["palette.gif"].rgb), "palette.gif");
});

Deno.test("readGifHeader() says the size of the screen, or of an image that is beyond it", () => {
  const size = (file: Uint8Array) => {
    const { width, height } = readGifHeader(headerOf(file));
    return [width, height];
  };
  assertEquals(size(gif), [24, 18]);
  assertEquals(size(kindFile("gif palette, (2, 3) of (12, 9)")), [12, 9]);
  assertEquals(size(kindFile("gif palette, (1, 0) of (5, 4)")), [9, 6]);
});

Deno.test("decodeGif() refuses what is cut off or damaged", () => {
  for (const length of [8, 12, 40, 70, 100, gif.length - 20]) {
    assertThrows(() => decodeGif(gif.subarray(0, length)), ImageError, "the file is truncated");
  }
  const start = [...new TextEncoder().encode("GIF89a"), 1, 0, 1, 0, 0, 0, 0];
  const image = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0];
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[0x3b], "it holds no image"],
    [[0x2c, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2], "its first image has no pixels"],
    [[...image, 12, 1, 0, 0], "its pixels are packed by codes of 12 bits"],
    [[...image, 2, 2, 0x2c, 0, 0], "the file is truncated: its pixels end early"],
    [[...image, 2, 2, 0x3c, 0, 0], "its packed pixels are damaged"],
  ];
  for (const [bytes, message] of cases) {
    const file = new Uint8Array([...start, ...bytes]);
    assertThrows(() => decodeGif(file), ImageError, message);
  }
});
