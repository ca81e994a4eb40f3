import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { readImage } from "../../../engine/images/decode.ts";
import type { Image } from "../../../engine/images/image.ts";
import type { Interpolation } from "../../../engine/images/preprocessing.ts";
import { resample } from "../../../engine/images/resample.ts";
import {
  type ImageOperation,
  transformedSize,
  transformImage,
} from "../../../engine/images/transform.ts";
import { assertPixels, expectedImage } from "./_images.ts";

const FOLDER = new URL("../../testdata/preprocess/", import.meta.url).pathname;

/** An image, a transform, and what PIL makes of them. */
interface Case {
  readonly image: string;
  readonly image_size: number;
  readonly crop_pct: number;
  readonly interpolation: Interpolation;
  readonly expected: string | null;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const cases: readonly Case[] = JSON.parse(Deno.readTextFileSync(`${FOLDER}manifest.json`));

function channel({ data }: Image, index: number): number[] {
  return [...data].filter((_, i) => i % 3 === index);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

for (const { image, image_size, crop_pct, interpolation, expected, mean, std } of cases) {
  const name = `${image} to ${image_size}, ${crop_pct}, ${interpolation}`;
  Deno.test(`transformImage() makes of ${name} what PIL makes`, async () => {
    const decoded = await readImage(`${FOLDER}images/${image}`, 3);
    const operations: ImageOperation[] = [
      { op: "resize_shorter", size: Math.floor(image_size / crop_pct), interpolation },
      { op: "center_crop", size: [image_size, image_size] },
    ];
    const result = transformImage(decoded, { channels: 3, operations });
    for (const index of [0, 1, 2]) {
      const values = channel(result, index);
      const middle = average(values);
      const spread = Math.sqrt(average(values.map((value) => (value - middle) ** 2)));
      assertAlmostEquals(middle, mean[index], 1e-9);
      assertAlmostEquals(spread, std[index], 1e-9);
    }
    if (expected === null) return;
    const { data } = await readImage(`${FOLDER}expected/${expected}`, 3);
    assertPixels(result.data, data, name);
  });
}

/** An image whose pixels are all different from 0. */
function numbered(height: number, width: number): Image {
  const data = Uint8Array.from({ length: height * width }, (_, i) => i + 1);
  return { height, width, channels: 1, data };
}

function crop(image: Image, size: readonly [number, number], fill?: readonly number[]) {
  const operations = [{ op: "center_crop", size, fill }] as const;
  return [...transformImage(image, { channels: image.channels, operations }).data];
}

Deno.test("transformImage() crops where torchvision crops: halves go to the even side", () => {
  assertEquals(crop(numbered(1, 6), [1, 3]), [3, 4, 5]); // 1.5 -> 2
  assertEquals(crop(numbered(1, 4), [1, 3]), [1, 2, 3]); // 0.5 -> 0
  assertEquals(crop(numbered(4, 4), [2, 2]), [6, 7, 10, 11]);
});

Deno.test("transformImage() pads what is too small, the odd pixel at the end", () => {
  assertEquals(crop(numbered(1, 2), [1, 5]), [0, 1, 2, 0, 0]);
  assertEquals(crop(numbered(2, 2), [3, 1], [9]), [1, 3, 9]);
  assertEquals(crop(numbered(1, 4), [3, 2]), [0, 0, 2, 3, 0, 0]);
  const red = { height: 1, width: 1, channels: 3, data: new Uint8Array([255, 0, 0]) };
  assertEquals(crop(red, [1, 2], [1, 2, 3]), [255, 0, 0, 1, 2, 3]);
});

Deno.test("transformImage() pads a resized image as it pads another", () => {
  const image = expectedImage("rgb.png"); // 18x24
  const resize = { op: "resize", size: [9, 12], interpolation: "bicubic" } as const;
  const fill = [7, 8, 9];
  const together = transformImage(image, {
    channels: 3,
    operations: [resize, { op: "center_crop", size: [11, 5], fill }],
  });
  const resized = resample(image, resize);
  assertPixels(together.data, new Uint8Array(crop(resized, [11, 5], fill)), "resized and padded");
});

Deno.test("transformImage() leaves an image alone that has the size already", () => {
  const image = numbered(3, 4);
  const operations = [
    { op: "resize_shorter", size: 3, interpolation: "bicubic" },
    { op: "resize", size: [3, 4], interpolation: "bicubic" },
    { op: "center_crop", size: [3, 4] },
    { op: "normalize", mean: [0], std: [1] },
  ] as const;
  assertStrictEquals(transformImage(image, { channels: 1, operations }), image);
});

const SIZES: readonly (readonly [
  ImageOperation["op"],
  number | readonly [number, number],
  readonly [number, number],
  readonly [number, number],
])[] = [
  ["resize_shorter", 248, [427, 640], [248, 371]],
  ["resize_shorter", 248, [640, 427], [371, 248]],
  ["resize_shorter", 256, [32, 32], [256, 256]],
  ["resize_cover", [100, 300], [50, 50], [300, 300]],
  ["resize_cover", [4, 4], [8, 9], [4, 4]], // round(4.5) is 4
  ["resize_fit", [100, 300], [50, 50], [100, 100]],
  ["resize_fit", [10, 10], [4000, 1], [10, 1]],
  ["resize", [5, 6], [100, 2], [5, 6]],
  ["center_crop", [5, 6], [100, 2], [5, 6]],
];

for (const [op, size, from, to] of SIZES) {
  Deno.test(`transformedSize() of ${op} ${size} from ${from.join("x")} is ${to.join("x")}`, () => {
    const operation = { op, size, interpolation: "bilinear" } as ImageOperation;
    const transform = { channels: 1, operations: [operation] };
    assertEquals(transformedSize(transform, from), to);
    if (Math.max(...from) > 1000) return;
    const data = new Uint8Array(from[0] * from[1]);
    const result = transformImage(
      { height: from[0], width: from[1], channels: 1, data },
      transform,
    );
    assert(result.height === to[0] && result.width === to[1]);
  });
}
