import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { readImage, readImageSize, useImage } from "../../../engine/images/decode.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { assertPixels, bytesOf, claimingPng, EXPECTED, imagePath, kindFile } from "./_images.ts";

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
const FORMATS = "a JPEG, PNG, TIFF, WebP, GIF or BMP image";

Deno.test("readImage() names broken files in one line", async () => {
  using folder = new TemporaryFolder();
  const bmp = Deno.readFileSync(imagePath("24bit.bmp"));
  const text = (content: string) => new TextEncoder().encode(content);
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  const broken: readonly (readonly [string, Uint8Array, string])[] = [
    ["cut.jpg", jpeg.subarray(0, 700), "the file is truncated: it has no end marker"],
    ["head.jpg", jpeg.subarray(0, 100), "the file is truncated"],
    [
      "cut.png",
      png.subarray(0, 800),
      "the file is truncated: it should have 1545 bytes, it has 800",
    ],
    ["cut.bmp", bmp.subarray(0, bmp.length / 2), "the file is truncated"],
    ["text.jpg", text("no image"), `it is text that begins "no image", not ${FORMATS}`],
    ["empty.png", new Uint8Array(0), `it is an empty file, not ${FORMATS}`],
    [
      "pointer.tif",
      text(pointer),
      `it is a Git LFS pointer, not ${FORMATS}: "git lfs pull" fetches the file itself`,
    ],
    ["drawing.png", text(svg), `it is an SVG drawing, not ${FORMATS}`],
    [
      "page.jpg",
      text("<!DOCTYPE html><html></html>"),
      `it is an HTML page, not ${FORMATS}: download the file itself`,
    ],
    [
      "packed.png",
      new Uint8Array([0x1f, 0x8b, 8, 0]),
      `it is compressed with gzip, not ${FORMATS}: unpack it first`,
    ],
    [
      "bomb.gif",
      new Uint8Array([
        ...text("GIF89a"),
        0x80,
        0x3e,
        0x80,
        0x3e,
        0,
        0,
        0,
        0x2c,
        0,
        0,
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        8,
      ]),
      "it claims to have 16000x16000 pixels, more than max_image_pixels, 89478485",
    ],
  ];
  for (const [name, bytes, reason] of broken) {
    const path = join(folder.path, name);
    Deno.writeFileSync(path, bytes);
    const error = await assertRejects(() => readImage(path, 3), DataError);
    assertEquals(error.message, `Cannot read "${path}": ${reason}`);
    assertEquals(error.file, path);
  }
});

Deno.test("readImage() and readImageSize() name what is not there, and what is not a file", async () => {
  using folder = new TemporaryFolder();
  const missing = join(folder.path, "missing.png");
  const cases = [[missing, "the file does not exist"], [folder.path, "it is a folder"]];
  if (Deno.build.os !== "windows") cases.push(["/dev/zero", "it is not a regular file"]);
  for (const [path, state] of cases) {
    for (const read of [() => readImage(path, 3), () => readImageSize(path)]) {
      const error = await assertRejects(read, DataError);
      assertEquals(error.message, `Cannot read "${path}": ${state}`);
    }
  }
});

Deno.test("readImageSize() reads no pixels, and of a large file no more than its header", async () => {
  using folder = new TemporaryFolder();
  const cut = join(folder.path, "cut.jpg");
  Deno.writeFileSync(cut, jpeg.subarray(0, -30));
  assertEquals(await readImageSize(cut), [18, 24]);
  const large = join(folder.path, "large.tif"); // 8 GB of nothing, and the header at its end
  const tiff = kindFile("tiff orientation 6");
  const at = new DataView(tiff.buffer).getUint32(4);
  using file = Deno.openSync(large, { create: true, write: true });
  const start = tiff.slice(0, 8);
  const far = 2 ** 31;
  new DataView(start.buffer).setUint32(4, far);
  file.writeSync(start);
  file.seekSync(far, Deno.SeekMode.Start);
  const directory = tiff.slice(at);
  const view = new DataView(directory.buffer);
  for (let entry = 2; entry < 2 + 12 * view.getUint16(0); entry += 12) {
    const outside = view.getUint32(entry + 4) > 2; // its values lie behind the directory
    if (outside) view.setUint32(entry + 8, view.getUint32(entry + 8) - at + far);
  }
  file.writeSync(directory);
  assertEquals(await readImageSize(large), [5, 3]);
  await assertRejects(() => readImage(large, 3), DataError, "more than 2 GB");
});

Deno.test("useImage() holds images to the limit that it is given", async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "claims.png");
  Deno.writeFileSync(path, claimingPng(9460, 9460));
  const size = (maxPixels?: number) => readImageSize(path, { maxPixels });
  await assertRejects(() => size(), DataError, "9460x9460 pixels, more than max_image_pixels");
  assertEquals(await size(9460 * 9460), [9460, 9460]);
  const options = { channels: 3, maxPixels: 18 * 24 };
  const found = await useImage(imagePath("rgb.png"), options, ({ width }) => width);
  assertEquals(found, 24);
  await assertRejects(
    () => useImage(imagePath("rgb.png"), { ...options, maxPixels: 431 }, () => {}),
    DataError,
    `Cannot read "${imagePath("rgb.png")}": it claims to have 24x18 pixels, ` +
      "more than max_image_pixels, 431",
  );
});

Deno.test("useImage() passes on what goes wrong with the image's use", async () => {
  const failing = () => {
    throw new RangeError("of its own");
  };
  const use = () => useImage(imagePath("rgb.png"), { channels: 3 }, failing);
  await assertRejects(use, RangeError, "of its own");
});

Deno.test("readImage() works in several threads at once", async () => {
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
