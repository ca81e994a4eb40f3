import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { readImage } from "../../../engine/images/decode.ts";
import { normalizeImage } from "../../../engine/images/normalize.ts";
import {
  findImageSize,
  IMAGE_SOURCE_URL,
  type ImageSourceOptions,
  openSource,
} from "../../../engine/images/image_source.ts";
import { type ImageTransform, transformImage } from "../../../engine/images/transform.ts";
import type { Rows } from "../../../engine/data/data.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { imagePath } from "./_images.ts";

const NAMES = ["rgb.jpg", "rgba.png", "grey.png", "24bit.bmp", "exif_rotated.tiff", "one.png"];
const files = NAMES.map(imagePath);
const transform: ImageTransform = {
  channels: 3,
  size: [8, 10],
  operations: [
    { op: "resize", size: [8, 10], interpolation: "bicubic" },
    { op: "normalize", mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] },
  ],
};
const ROW = 3 * 8 * 10;

async function read(
  options: Partial<ImageSourceOptions>,
  indices: readonly number[],
  into?: Float32Array<ArrayBuffer>,
): Promise<Rows> {
  const source = await openSource({ files, transform, strict: true, ...options });
  try {
    return await source.read(Int32Array.from(indices), { into });
  } finally {
    source.close();
  }
}

async function row(file: string): Promise<number[]> {
  const numbers = new Float32Array(ROW);
  const image = transformImage(await readImage(file, 3), transform);
  normalizeImage(image, transform, numbers);
  return [...numbers];
}

Deno.test("openSource() gives the images that are asked for, in their order", async () => {
  const indices = [4, 0, 5, 1, 1, 3, 2];
  const { features, skipped } = await read({}, indices);
  assertEquals([features.length, skipped], [indices.length * ROW, undefined]);
  for (const [position, index] of indices.entries()) {
    const found = features.subarray(position * ROW, (position + 1) * ROW);
    assertEquals([...found], await row(files[index]), NAMES[index]);
  }
});

Deno.test("openSource() reads into memory that it is given", async () => {
  const into = new Float32Array(2 * ROW);
  const { features } = await read({}, [1, 0], into);
  assert(features.buffer === into.buffer);
  assertEquals([...into.subarray(0, ROW)], await row(files[1]));
});

Deno.test("openSource() names the first image that cannot be read, and its index", async () => {
  using folder = new TemporaryFolder();
  const broken = join(folder.path, "broken.png");
  Deno.writeTextFileSync(broken, "no image");
  const missing = join(folder.path, "missing.png");
  const error = await assertRejects(
    () => read({ files: [files[0], missing, files[1], broken] }, [0, 3, 2, 1]),
    DataError,
  );
  assertEquals(
    error.message,
    `Cannot read "${broken}": it is text that begins "no image", ` +
      "not a JPEG, PNG, TIFF, WebP, GIF or BMP image",
  );
  assertEquals([error.file, error.index], [broken, 3]);
});

Deno.test("openSource() leaves out what cannot be read if it is not strict", async () => {
  const missing = [1, 2, 3].map((number) => `/nowhere/${number}.png`);
  const listed = [missing[0], files[0], missing[1], missing[2], files[1], files[2]];
  const reason = (file: string) => `Cannot read "${file}": the file does not exist`;
  const all = await read({ files: listed, strict: false }, [0, 1, 2, 3, 4, 5]);
  assertEquals(all.skipped, [
    { position: 0, reason: reason(missing[0]) },
    { position: 2, reason: reason(missing[1]) },
    { position: 3, reason: reason(missing[2]) },
  ]);
  const expected = await Promise.all(files.slice(0, 3).map(row));
  assertEquals([...all.features], expected.flat());
  const none = await read({ files: listed, strict: false }, [3, 2]);
  assertEquals([none.features.length, none.skipped?.length], [0, 2]);
  const into = new Float32Array(3 * ROW);
  const some = await read({ files: listed, strict: false }, [4, 0, 5], into);
  assert(some.features.buffer === into.buffer);
  assertEquals([...some.features], [...expected[1], ...expected[2]]);
});

Deno.test("openSource() names two images whose sizes differ", async () => {
  const own: ImageTransform = { channels: 3, operations: [] };
  const { features } = await read({ transform: own }, [0, 1]);
  assertEquals(features.length, 2 * 3 * 18 * 24);
  for (const strict of [true, false]) {
    const error = await assertRejects(() => read({ transform: own, strict }, [1, 4]), DataError);
    assertEquals(
      error.message,
      `Cannot use "${files[4]}": it is 24x18 pixels large after its transform, ` +
        `"${files[0]}" is 18x24`,
    );
    assertEquals([error.file, error.index], [files[4], 4]);
  }
});

Deno.test("openSource() holds a transform to the size that it announces", async () => {
  const wrong: ImageTransform = { channels: 3, size: [8, 10], operations: [] };
  const error = await assertRejects(() => read({ transform: wrong }, [0]), DataError);
  assertEquals(
    error.message,
    `Cannot use "${files[0]}": it is 18x24 pixels large after its transform, ` +
      "all images are to be 8x10",
  );
});

Deno.test("findImageSize() takes the transform's size, or the first header's", async () => {
  assertEquals(await findImageSize({ files: ["/no"], transform, strict: true }), {
    size: [8, 10],
  });
  const operations = [{ op: "resize_shorter", size: 9, interpolation: "box" }] as const;
  const shorter: ImageTransform = { channels: 1, operations };
  const found = await findImageSize({ files, transform: shorter, strict: true });
  assertEquals(found, { file: files[0], size: [9, 12] });
  const some = { files: ["/nowhere.png", files[4]], transform: shorter };
  assertEquals(await findImageSize({ ...some, strict: false }), {
    file: files[4],
    size: [12, 9],
  });
  await assertRejects(
    () => findImageSize({ ...some, strict: true }),
    DataError,
    'Cannot read "/nowhere.png": the file does not exist',
  );
  await assertRejects(
    () => findImageSize({ files: ["/no.png", "/nor.png"], transform: shorter, strict: false }),
    DataError,
    'Cannot read "/no.png": nor can any other of the 2 images be read',
  );
});

Deno.test("openSource() and findImageSize() hold images to a limit of pixels", async () => {
  const tooLarge = `Cannot read "${files[0]}": it claims to have 24x18 pixels, ` +
    "more than max_image_pixels, 431";
  const limited = { maxPixels: 431 };
  await assertRejects(() => read(limited, [0]), DataError, tooLarge);
  const { skipped } = await read({ ...limited, strict: false }, [0, 3]);
  assertEquals(skipped, [{ position: 0, reason: tooLarge }]);
  const own = { files, transform: { channels: 3, operations: [] }, strict: true, ...limited };
  await assertRejects(() => findImageSize(own), DataError, tooLarge);
});

Deno.test("IMAGE_SOURCE_URL names the module that a worker imports", async () => {
  const module: Record<string, unknown> = await import(IMAGE_SOURCE_URL);
  assertEquals(module.openSource, openSource);
});

Deno.test("openSource() draws what replaces parts of an image for each image and epoch", async () => {
  const erase = { probability: 1, area: [0.1, 0.2], ratio: [1, 1] } as const;
  const [resize, normalize] = transform.operations;
  const erasing = { ...transform, operations: [resize, { ...normalize, erase }] } as ImageTransform;
  const of = async (index: number, epoch: number) => {
    const source = await openSource({
      files: [files[0], files[0]],
      transform: erasing,
      strict: true,
    });
    const { features } = await source.read(Int32Array.of(index), { random: { seed: 3, epoch } });
    source.close();
    return [...features];
  };
  assertEquals(await of(1, 2), await of(1, 2));
  assertNotEquals(await of(1, 2), await of(0, 2));
  assertNotEquals(await of(1, 2), await of(1, 1));
});
