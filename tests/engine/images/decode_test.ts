import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeImage } from "../../../engine/images/decode.ts";
import { ImageError } from "../../../engine/images/image_error.ts";
import {
  assertPixels,
  bytesOf,
  claimingPng,
  EXPECTED,
  imagePath,
  kindFile,
  KINDS,
} from "./_images.ts";

for (const format of ["tiff", "png", "jpeg", "webp", "gif", "bmp"]) {
  const kinds = KINDS.filter(({ name }) => name.startsWith(format));
  Deno.test(`decodeImage() reads every kind of ${format} as PIL does, to the bit`, async () => {
    const read = kinds.filter(({ refused }) => !refused);
    assert(read.length > 5);
    for (const { name, file, size, rgb, grey } of read) {
      const color = await decodeImage(bytesOf(file), 3);
      assertEquals([color.height, color.width, color.channels], [...size, 3], name);
      assertPixels(color.data, bytesOf(rgb), `${name} as RGB`);
      const light = await decodeImage(bytesOf(file), 1);
      assertEquals([light.height, light.width, light.channels], [...size, 1], name);
      assertPixels(light.data, bytesOf(grey), `${name} as greyscale`);
    }
  });
  if (kinds.some(({ refused }) => refused)) {
    Deno.test(`decodeImage() refuses the kinds of ${format} that PIL refuses`, async () => {
      for (const { name, file } of kinds.filter(({ refused }) => refused)) {
        const error = await assertRejects(
          () => decodeImage(bytesOf(file), 3),
          ImageError,
          "",
          name,
        );
        assert(!error.message.includes("\n"), name);
      }
    });
  }
}

Deno.test("decodeImage() reads what decoders mend, as PIL does", async () => {
  const jpeg = Deno.readFileSync(imagePath("rgb.jpg"));
  const png = Deno.readFileSync(imagePath("rgba.png"));
  const expected = bytesOf(EXPECTED.images["rgb.jpg"].rgb);
  const trailing = new Uint8Array([...jpeg, 1, 2, 3, 4]);
  assertPixels((await decodeImage(trailing, 3)).data, expected, "bytes after the end");
  const extraneous = new Uint8Array([...jpeg.subarray(0, 20), 0, 0, 0, ...jpeg.subarray(20)]);
  assertPixels((await decodeImage(extraneous, 3)).data, expected, "bytes before a marker");
  const endless = png.subarray(0, -12);
  assertPixels(
    (await decodeImage(endless, 3)).data,
    bytesOf(EXPECTED.images["rgba.png"].rgb),
    "no IEND",
  );
});

Deno.test("decodeImage() leaves the file as it is", async () => {
  const file = kindFile("tiff II white is 0, 1 x uint16");
  await decodeImage(file, 3);
  assertEquals(file, kindFile("tiff II white is 0, 1 x uint16"));
});

Deno.test("decodeImage() says the same of a broken file, however many are decoded beside it", async () => {
  const png = Deno.readFileSync(imagePath("rgb_16bit.png"));
  const flipped = png.slice();
  flipped[flipped.length - 20] ^= 255;
  const jpeg = Deno.readFileSync(imagePath("rgb.jpg"));
  const broken: readonly (readonly [Uint8Array, string])[] = [
    [
      png.subarray(0, 1500),
      `the file is truncated: it should have ${png.length - 12} bytes, it has 1500`,
    ],
    [flipped, 'its chunk "IDAT" at byte 33 does not match its checksum'],
    [jpeg.subarray(0, 700), "the file is truncated: it has no end marker"],
    [kindFile("jpeg with a marker that does not exist"), "its packed pixels are damaged at byte "],
  ];
  const good = [png, jpeg, kindFile("webp RGB"), kindFile("tiff group4")];
  await Promise.all(Array.from({ length: 80 }, async (_, i) => {
    await decodeImage(good[i % good.length], 3);
    const [file, reason] = broken[i % broken.length];
    const { message } = await assertRejects(() => decodeImage(file, 3), ImageError);
    assertEquals(message.slice(0, reason.length), reason);
  }));
});

Deno.test("decodeImage() takes no memory for what a header claims", async () => {
  await assertRejects(
    () => decodeImage(claimingPng(9460, 9460), 3),
    ImageError,
    "it claims to have 9460x9460 pixels, more than max_image_pixels, 89478485",
  );
});
