import { assertEquals, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { readPngHeader } from "../../../engine/images/png_header.ts";
import { headerOf, imagePath, kindFile, KINDS } from "./_images.ts";

Deno.test("readPngHeader() says size and kind of pixels", () => {
  const read = (name: string) => readPngHeader(headerOf(Deno.readFileSync(imagePath(name))));
  assertEquals(read("rgb.png"), { width: 24, height: 18, kind: "rgb8" });
  assertEquals(read("bilevel.png").kind, "grey8");
  assertEquals(read("grey_16bit.png").kind, "grey16");
  assertEquals(read("grey_alpha_16bit.png").kind, "greyAlpha16");
  assertEquals(read("rgba_16bit.png").kind, "rgb16");
  const transparent = kindFile("png 16 bits, color type 0, tRNS");
  assertEquals(readPngHeader(headerOf(transparent)).kind, "grey16");
});

Deno.test("readPngHeader() refuses kinds that the format does not have", () => {
  const refused = KINDS.filter(({ name, refused }) => refused && /color type \d$/.test(name));
  assertEquals(refused.length, 19);
  for (const { name } of refused) {
    const [, bits, color] = /(\d+) bits, color type (\d)/.exec(name)!;
    const message = `a PNG of ${bits} bits and color type ${color} does not exist`;
    assertThrows(() => readPngHeader(headerOf(kindFile(name))), ImageError, message);
  }
});

Deno.test("readPngHeader() refuses a file that begins with another chunk", () => {
  const png = Deno.readFileSync(imagePath("rgb.png"));
  png.set(new TextEncoder().encode("tEXt"), 12);
  assertThrows(() => readPngHeader(headerOf(png)), ImageError, "its first chunk is not its header");
  const ios = headerOf(kindFile("png of iOS"));
  assertThrows(() => readPngHeader(ios), ImageError, "it is a PNG in the variant of iOS");
  const cut = headerOf(png.subarray(0, 15));
  assertThrows(() => readPngHeader(cut), ImageError, "the file is truncated");
});
