import { assertEquals } from "@std/assert";
import { withoutExif } from "../../browser/image.ts";

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

Deno.test("withoutExif() takes EXIF out of a JPEG, and nothing else", () => {
  const start = [0xff, 0xd8, 0xff, 0xe0, 0, 3, 7];
  const exif = [0xff, 0xe1, 0, 4, 1, 2];
  const rest = [0xff, 0xdb, 0, 2, 0xff, 0xda, 0, 2, 0xff, 0xe1, 0, 4];
  assertEquals(withoutExif(bytes(...start, ...exif, ...rest)), bytes(...start, ...rest));
});

Deno.test("withoutExif() leaves other files as they are", () => {
  const png = bytes(0x89, 0x50, 0xff, 0xe1, 0, 2);
  assertEquals(withoutExif(png), png);
});
