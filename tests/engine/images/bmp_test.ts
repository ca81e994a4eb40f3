import { assertEquals, assertThrows } from "@std/assert";
import { decodeBmp } from "../../../engine/images/bmp.ts";
import { ImageError } from "../../../engine/images/image_error.ts";
import { assertPixels, bytesOf, EXPECTED, imagePath } from "./_images.ts";

const bitmaps = Object.entries(EXPECTED.images).filter(([name]) => name.endsWith(".bmp"));

for (const [name, { rgb }] of bitmaps) {
  Deno.test(`decodeBmp() reads ${name} as PIL does`, () => {
    assertPixels(decodeBmp(Deno.readFileSync(imagePath(name))).data, bytesOf(rgb), name);
  });
}

Deno.test("decodeBmp() refuses what is cut off", () => {
  const whole = Deno.readFileSync(imagePath("24bit.bmp"));
  const palette = Deno.readFileSync(imagePath("palette_8bit.bmp"));
  const runs = Deno.readFileSync(imagePath("rle8_runs.bmp"));
  const cut = [whole.subarray(0, 20), whole.subarray(0, 60), whole.subarray(0, -8)];
  for (const bytes of [...cut, palette.subarray(0, 100), runs.subarray(0, -20)]) {
    assertThrows(() => decodeBmp(bytes), ImageError, "the file is truncated");
  }
});

Deno.test("decodeBmp() takes a last row without padding", () => {
  const bytes = Deno.readFileSync(imagePath("24bit.bmp"));
  const rows = 7 * 36;
  assertEquals(bytes.length, 54 + rows);
  const expected = bytesOf(EXPECTED.images["24bit.bmp"].rgb);
  assertPixels(decodeBmp(bytes.subarray(0, -3)).data, expected, "without padding");
});
