import { assertEquals } from "@std/assert";
import { describeDamage } from "../../../engine/images/damage.ts";
import { imagePath, kindFile } from "./_images.ts";

const DAMAGED = "its pixel data is damaged, or packed in a way that is not known";

Deno.test("describeDamage() says what a PNG lacks, or which chunk is damaged", () => {
  const png = Deno.readFileSync(imagePath("rgb.png"));
  assertEquals(describeDamage(png, "png"), DAMAGED);
  assertEquals(
    describeDamage(png.subarray(0, 200), "png"),
    `the file is truncated: it should have ${png.length - 12} bytes, it has 200`,
  );
  assertEquals(
    describeDamage(png.subarray(0, -12), "png"),
    `the file is truncated: it should have ${png.length} bytes, it has ${png.length - 12}`,
  );
  png[60] ^= 1;
  assertEquals(
    describeDamage(png, "png"),
    'its chunk "IDAT" at byte 33 does not match its checksum',
  );
});

Deno.test("describeDamage() says what a JPEG, TIFF or WebP file lacks", () => {
  const jpeg = Deno.readFileSync(imagePath("rgb.jpg"));
  assertEquals(describeDamage(jpeg, "jpeg"), DAMAGED);
  assertEquals(
    describeDamage(jpeg.subarray(0, -9), "jpeg"),
    "the file is truncated: it has no end marker",
  );
  const webp = Deno.readFileSync(imagePath("rgb.webp"));
  assertEquals(describeDamage(webp, "webp"), DAMAGED);
  assertEquals(
    describeDamage(webp.subarray(0, 100), "webp"),
    `the file is truncated: it should have ${webp.length} bytes, it has 100`,
  );
  const tiff = kindFile("tiff II RGB, 3 x uint8");
  assertEquals(describeDamage(tiff, "tiff"), DAMAGED);
  const view = new DataView(tiff.buffer);
  const start = view.getUint32(4, true);
  for (let entry = start + 2; entry < start + 2 + 12 * view.getUint16(start, true); entry += 12) {
    if (view.getUint16(entry, true) !== 273) continue;
    view.setUint32(view.getUint32(entry + 8, true), 5000, true); // where the first strip lies
  }
  assertEquals(
    describeDamage(tiff, "tiff"),
    `the file is truncated: it should have 5030 bytes, it has ${tiff.length}`,
  );
  assertEquals(describeDamage(tiff.subarray(0, 9), "tiff"), "the file is truncated");
});
