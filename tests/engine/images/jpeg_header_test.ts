import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { readJpegHeader } from "../../../engine/images/jpeg_header.ts";
import { headerOf, imagePath, kindFile } from "./_images.ts";

const jpeg = Deno.readFileSync(imagePath("rgb.jpg"));

Deno.test("readJpegHeader() says size and kind of pixels", () => {
  const read = (name: string) => readJpegHeader(headerOf(Deno.readFileSync(imagePath(name))));
  assertEquals(read("rgb.jpg"), { width: 24, height: 18, kind: "rgb8" });
  assertEquals(read("progressive.jpg"), { width: 24, height: 18, kind: "rgb8" });
  assertEquals(read("grey.jpg").kind, "grey8");
  assertEquals(read("cmyk.jpg").kind, "cmyk8");
  const mended = headerOf(kindFile("jpeg with bytes before a marker"));
  assertEquals(readJpegHeader(mended).width, 12);
});

Deno.test("readJpegHeader() refuses pixels that are coded in other ways", () => {
  const cases = {
    "jpeg of 12 bits": "it is a JPEG of 12 bits per sample, which is not read",
    "jpeg without losses": "it is a lossless JPEG, which is not read",
    "jpeg hierarchical": "it is a hierarchical JPEG, which is not read",
  };
  for (const [name, message] of Object.entries(cases)) {
    assertThrows(() => readJpegHeader(headerOf(kindFile(name))), ImageError, message);
  }
  const two = jpeg.slice();
  two[jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0) + 9] = 2;
  assertThrows(() => readJpegHeader(headerOf(two)), ImageError, "a JPEG of 2 components");
});

Deno.test("readJpegHeader() refuses a header that is cut off or missing", () => {
  const start = [0xff, 0xd8, 0xff];
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [jpeg.subarray(0, 100), "the file is truncated"],
    [new Uint8Array([...start, 0xd9]), "it ends before its pixels"],
    [new Uint8Array([...start, 0xda, 0, 2]), "its pixels begin before its header"],
    [
      new Uint8Array([...jpeg.subarray(0, -2), ...jpeg.subarray(2)]).subarray(0, 300),
      "the file is truncated",
    ],
  ];
  for (const [bytes, message] of cases) {
    assertThrows(() => readJpegHeader(headerOf(bytes)), ImageError, message);
  }
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  const twice = [...jpeg.subarray(0, frame + 19), ...jpeg.subarray(frame)];
  const error = () => readJpegHeader(headerOf(new Uint8Array(twice)));
  assertThrows(error, ImageError, "it has several headers");
});
