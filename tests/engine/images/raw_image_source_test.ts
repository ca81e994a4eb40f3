import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import {
  openSource,
  RAW_IMAGE_SOURCE_URL,
  type RawImageSourceOptions,
} from "../../../engine/images/raw_image_source.ts";
import { TemporaryFolder } from "../storage/testdata.ts";

/** Two files with three images of 1x2 pixels: planes of red, green and blue. */
function options(folder: TemporaryFolder): RawImageSourceOptions {
  const [first, second] = [folder.file("first"), folder.file("second")];
  Deno.writeFileSync(first, new Uint8Array([99, 1, 2, 3, 4, 5, 6, 99, 7, 8, 9, 10, 11, 12]));
  Deno.writeFileSync(second, new Uint8Array([0, 0, 0, 13, 14, 15, 16, 17, 18]));
  return {
    blocks: [
      { file: first, count: 2, offset: 1, stride: 7 },
      { file: second, count: 1, offset: 3, stride: 6 },
    ],
    shape: [3, 1, 2],
    transform: { channels: 3, size: [1, 2], operations: [] },
  };
}

async function read(
  options: RawImageSourceOptions,
  indices: readonly number[],
  into?: Float32Array<ArrayBuffer>,
): Promise<number[]> {
  const source = await openSource(options);
  try {
    const { features } = await source.read(Int32Array.from(indices), { into });
    assert(into === undefined || features.buffer === into.buffer);
    return Array.from(features, (value) => Math.round(value * 255));
  } finally {
    source.close();
  }
}

Deno.test("openSource() finds images in their files and keeps the planes", async () => {
  using folder = new TemporaryFolder();
  const expected = [13, 14, 15, 16, 17, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  assertEquals(await read(options(folder), [2, 0, 1]), expected);
  assertEquals(await read(options(folder), [2, 0, 1], new Float32Array(18)), expected);
});

Deno.test("openSource() transforms images", async () => {
  using folder = new TemporaryFolder();
  const operations = [{ op: "resize", size: [2, 1], interpolation: "box" }] as const;
  const color = { channels: 3, size: [2, 1], operations } as const;
  assertEquals(await read({ ...options(folder), transform: color }, [0]), [2, 2, 4, 4, 6, 6]);
  const grey = { channels: 1, size: [2, 1], operations } as const;
  assertEquals(await read({ ...options(folder), transform: grey }, [1]), [10, 10]);
});

Deno.test("openSource() names a file that is not there", () => {
  using folder = new TemporaryFolder();
  const missing = folder.file("missing");
  const blocks = [{ file: missing, count: 1, offset: 0, stride: 6 }];
  assertThrows(
    () => openSource({ ...options(folder), blocks }),
    DataError,
    `Cannot read "${missing}": the file does not exist`,
  );
});

Deno.test("RAW_IMAGE_SOURCE_URL names the module that a worker imports", async () => {
  const module: Record<string, unknown> = await import(RAW_IMAGE_SOURCE_URL);
  assertEquals(module.openSource, openSource);
});
