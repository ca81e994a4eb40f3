import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { readTiffHeader, TiffTags } from "../../../engine/images/tiff_header.ts";
import { headerOf, imagePath, kindFile } from "./_images.ts";

const read = (name: string) => readTiffHeader(headerOf(kindFile(name)));
const RGB = "tiff II RGB, 3 x uint8";

/** One of the files with other numbers in a tag, which has so many that they lie in it. */
function changed(name: string, tag: number, bytes: readonly number[], at = 8): Uint8Array {
  const file = kindFile(name);
  const view = new DataView(file.buffer);
  const start = view.getUint32(4, true);
  for (let entry = start + 2; entry < start + 2 + 12 * view.getUint16(start, true); entry += 12) {
    if (view.getUint16(entry, true) === tag) file.set(bytes, entry + at);
  }
  return file;
}

Deno.test("readTiffHeader() says size, kind and turning", () => {
  const { width, height, kind, orientation, patches } = read(RGB);
  assertEquals([width, height, kind, orientation, patches], [5, 3, "rgb8", 1, []]);
  assertEquals(read("tiff orientation 6").orientation, 6);
  assertEquals(read('tiff XMP <rdf tiff:Orientation="6"/>').orientation, 6);
  assertEquals(read('tiff XMP <rdf tiff:Orientation="6"/> and tag').orientation, 8);
  assertEquals(read("tiff big").kind, "grey16");
  const { width: real, decodedWidth } = read("tiff II grey, 1 x uint12");
  assertEquals([real, decodedWidth], [5, 8]);
});

Deno.test("readTiffHeader() keeps the decoder from conversions of its own", () => {
  const values = (name: string) => read(name).patches?.map(({ bytes }) => [...bytes]);
  assertEquals(values("tiff II white is 0, 1 x uint16"), [[1, 0]]);
  assertEquals(values("tiff MM white is 0, 1 x float32"), [[0, 1]]);
  assertEquals(values("tiff II white is 0, 1 x uint8"), []);
  assertEquals(values("tiff II RGB, 4 x uint8 + 1"), [[2, 0]]);
  assertEquals(values("tiff orientation 9"), [[0, 1]]);
});

Deno.test("readTiffHeader() bounds what a file claims, and refuses what contradicts itself", () => {
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [kindFile(RGB).subarray(0, 60), "the file is truncated"],
    [changed(RGB, 277, [17, 0]), "it claims to have 17 samples a pixel"],
    [changed(RGB, 277, [4, 0]), "it says the bits of 3 samples only"],
    [changed(RGB, 277, [2], 2), "its tag 277 is of type 2"],
    [changed(RGB, 339, [0, 0, 1, 0], 4), "its tag 339 has 65536 values"],
    [changed(RGB, 257, [0, 1], 0), "it has the tag 256 twice"],
    [changed(RGB, 262, [7, 1], 0), "it does not say what its samples are"],
    [
      changed("tiff II palette, 1 x uint4", 320, [12, 0, 0, 0], 4),
      "its palette has 4 colors, not 16",
    ],
    [
      changed(RGB, 278, [66, 1, 3, 0, 1, 0, 0, 0, 0xff, 0xff], 0),
      "it claims to have tiles of 65535x0",
    ],
  ];
  for (const [file, message] of cases) {
    assertThrows(() => readTiffHeader(headerOf(file)), ImageError, message);
  }
  const far = kindFile(RGB);
  new DataView(far.buffer).setUint32(4, 2 ** 31, true);
  assertThrows(() => readTiffHeader(headerOf(far)), ImageError, "the file is truncated");
});

Deno.test("readTiffHeader() refuses a palette of 8 bits, which readers take for black", () => {
  const file = kindFile("tiff II palette, 1 x uint1");
  const tags = new TiffTags(headerOf(file));
  const colors = tags.numbers("colors");
  const view = new DataView(file.buffer);
  for (let at = 0; at + 12 <= file.length; at++) {
    if (colors.every((color, i) => view.getUint16(at + 2 * i, true) === color)) {
      colors.forEach((color, i) => view.setUint16(at + 2 * i, color >> 8, true));
    }
  }
  const error = () => readTiffHeader(headerOf(file));
  assertThrows(error, ImageError, "its palette is of 8 bits where the format wants 16");
});

Deno.test("TiffTags gives the numbers of a tag, in either order of bytes", () => {
  for (const name of ["tiff II RGB, 3 x uint16", "tiff MM RGB, 3 x uint16"]) {
    const tags = new TiffTags(headerOf(kindFile(name)));
    assertEquals(tags.numbers("bits"), [16, 16, 16], name);
    assertEquals(tags.numbers("extras"), [], name);
    assertEquals([tags.number("width", 0), tags.number("planes", 7)], [5, 1], name);
    assertEquals([tags.count("offsets"), tags.count("tileOffsets")], [2, 0], name);
  }
  const little = new TiffTags(headerOf(Deno.readFileSync(imagePath("rgb.tiff"))));
  assertEquals([little.order, little.text("xmp")], ["little", ""]);
});
