import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { decodeImage, readImage, readImageSize } from "../../../engine/images/decode.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { assertPixels, bytesOf, EXPECTED, imagePath } from "./_images.ts";

for (const [name, { size, rgb, grey }] of Object.entries(EXPECTED.images)) {
  Deno.test(`readImage() reads ${name} as PIL does, to the bit`, async () => {
    const color = await readImage(imagePath(name), 3);
    assertEquals([color.height, color.width, color.channels], [...size, 3]);
    assertPixels(color.data, bytesOf(rgb), `${name} as RGB`);
    const light = await readImage(imagePath(name), 1);
    assertEquals([light.height, light.width, light.channels], [...size, 1]);
    assertPixels(light.data, bytesOf(grey), `${name} as greyscale`);
    assertEquals(await readImageSize(imagePath(name)), [...size]);
  });
}

const jpeg = Deno.readFileSync(imagePath("rgb.jpg"));
const png = Deno.readFileSync(imagePath("rgba.png"));

Deno.test("decodeImage() reads what decoders mend, as PIL does", async () => {
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

Deno.test("readImage() names broken files in one line", async () => {
  using folder = new TemporaryFolder();
  const flipped = png.slice();
  flipped[flipped.length - 20] ^= 255;
  const bmp = Deno.readFileSync(imagePath("24bit.bmp"));
  const broken: readonly (readonly [string, Uint8Array, string])[] = [
    ["cut.jpg", jpeg.subarray(0, (jpeg.length * 2) / 3), "premature end of JPEG image"],
    ["head.jpg", jpeg.subarray(0, 100), "premature end of JPEG image"],
    ["cut.png", png.subarray(0, (png.length * 2) / 3), "libpng read error"],
    ["flipped.png", flipped, "libpng read error"],
    ["cut.bmp", bmp.subarray(0, bmp.length / 2), "the file is truncated"],
    ["text.jpg", new TextEncoder().encode("no image"), "it is no image of a known format"],
    ["empty.png", new Uint8Array(0), "it is no image of a known format"],
  ];
  for (const [name, bytes, reason] of broken) {
    const path = join(folder.path, name);
    Deno.writeFileSync(path, bytes);
    const error = await assertRejects(() => readImage(path, 3), DataError);
    assertEquals(error.message, `Cannot read "${path}": ${reason}`);
    assertEquals(error.file, path);
  }
});

Deno.test("readImage() and readImageSize() name files that are not there", async () => {
  using folder = new TemporaryFolder();
  const missing = join(folder.path, "missing.png");
  for (const read of [() => readImage(missing, 3), () => readImageSize(missing)]) {
    const error = await assertRejects(read, DataError);
    assertEquals(error.message, `Cannot read "${missing}": the file does not exist`);
  }
  const error = await assertRejects(() => readImage(folder.path, 3), DataError);
  assertEquals(error.message, `Cannot read "${folder.path}": it is a folder`);
});

Deno.test("readImageSize() reads no pixels", async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "cut.jpg");
  Deno.writeFileSync(path, jpeg.subarray(0, -30));
  assertEquals(await readImageSize(path), [18, 24]);
  await assertRejects(() => readImage(path, 3), DataError);
});

Deno.test("decodeImage() works in several threads at once", async () => {
  const source = `
    import { readImage } from ${
    JSON.stringify(import.meta.resolve("../../../engine/images/decode.ts"))
  };
    self.onmessage = async ({ data: path }) => self.postMessage((await readImage(path, 3)).data);
  `;
  const url = `data:application/javascript,${encodeURIComponent(source)}`;
  const workers = [1, 2, 3].map(() => new Worker(url, { type: "module" }));
  const pixels = await Promise.all(
    workers.map((worker) =>
      new Promise<Uint8Array>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(imagePath("rgb.jpg"));
      })
    ),
  );
  for (const worker of workers) worker.terminate();
  const expected = bytesOf(EXPECTED.images["rgb.jpg"].rgb);
  assert(pixels.length === 3);
  for (const found of pixels) assertPixels(found, expected, "in a worker");
});
