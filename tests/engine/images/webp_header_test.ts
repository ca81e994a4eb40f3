import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { readWebpHeader } from "../../../engine/images/webp_header.ts";
import { headerOf, imagePath, kindFile } from "./_images.ts";

Deno.test("readWebpHeader() says the size, whatever chunk has it", () => {
  const lossy = Deno.readFileSync(imagePath("rgb.webp"));
  assertEquals(readWebpHeader(headerOf(lossy)), { width: 24, height: 18, kind: "rgb8" });
  const size = (name: string) => {
    const { width, height } = readWebpHeader(headerOf(kindFile(name)));
    return [width, height];
  };
  assertEquals(size("webp RGB without losses"), [12, 9]);
  assertEquals(size("webp RGBA"), [12, 9]);
  assertEquals(size("webp RGBA moving, beside the corner"), [20, 16]);
});

Deno.test("readWebpHeader() refuses what has no size", () => {
  const webp = Deno.readFileSync(imagePath("rgb.webp"));
  const cut = headerOf(webp.subarray(0, 25));
  assertThrows(() => readWebpHeader(cut), ImageError, "the file is truncated");
  webp[23] = 0;
  const start = () => readWebpHeader(headerOf(webp));
  assertThrows(start, ImageError, "its first chunk holds no size");
  webp.set(new TextEncoder().encode("XMP "), 12);
  assertThrows(start, ImageError, "its first chunk holds no size");
});
