import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { imageFormat, parseImageHeader, uprightSize } from "../../../engine/images/image_header.ts";
import { bytesOf, EXPECTED, headerOf, imagePath, kindFile, KINDS } from "./_images.ts";

Deno.test("imageFormat() tells formats by content", () => {
  for (const { name, file } of KINDS) {
    assertEquals(imageFormat(headerOf(bytesOf(file))), name.split(" ")[0] as "png", name);
  }
  for (const text of ["", "B", "GIF88a", "RIFF\0\0\0\0WAVE", "<svg/>", "II*", "ftypavif"]) {
    assertEquals(imageFormat(headerOf(new TextEncoder().encode(text))), undefined, text);
  }
});

Deno.test("parseImageHeader() and uprightSize() say the size before anything is decoded", () => {
  for (const [name, { size }] of Object.entries(EXPECTED.images)) {
    const header = parseImageHeader(headerOf(Deno.readFileSync(imagePath(name))), 1000);
    assertEquals(uprightSize(header), [...size], name);
  }
  const turned = parseImageHeader(headerOf(kindFile("tiff orientation 8")), 100);
  assertEquals([turned.width, turned.height, ...uprightSize(turned)], [5, 3, 5, 3]);
});

Deno.test("parseImageHeader() refuses other formats and too many pixels", () => {
  const other = headerOf(new TextEncoder().encode("%PDF-1.7"));
  assertThrows(
    () => parseImageHeader(other, 100),
    ImageError,
    "it is a PDF document, not a JPEG, PNG, TIFF, WebP, GIF or BMP image",
  );
  const png = headerOf(Deno.readFileSync(imagePath("rgb.png")));
  assertThrows(() => parseImageHeader(png, 431), ImageError, "24x18 pixels, more than");
});
