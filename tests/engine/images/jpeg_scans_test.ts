import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { jpegEnd } from "../../../engine/images/jpeg_scans.ts";
import { imagePath, kindFile } from "./_images.ts";

Deno.test("jpegEnd() finds the end of the first image", () => {
  for (const name of ["rgb.jpg", "grey.jpg", "progressive.jpg", "cmyk.jpg", "profile.jpg"]) {
    const jpeg = Deno.readFileSync(imagePath(name));
    assertEquals(jpegEnd(jpeg), jpeg.length, name);
    assertEquals(jpegEnd(new Uint8Array([...jpeg, ...jpeg])), jpeg.length, name);
    assertEquals(jpegEnd(jpeg.subarray(0, -1)), undefined, name);
    assertEquals(jpegEnd(jpeg.subarray(0, 40)), undefined, name);
  }
});

Deno.test("jpegEnd() names a marker that does not exist, by its place", () => {
  const jpeg = kindFile("jpeg with a marker that does not exist");
  const at = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0x37);
  assertThrows(() => jpegEnd(jpeg), ImageError, `its packed pixels are damaged at byte ${at}`);
});
