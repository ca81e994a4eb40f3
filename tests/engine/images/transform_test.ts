import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { readImage } from "../../../engine/images/decode.ts";
import { randomPart } from "../../../engine/images/_crop.ts";
import { Random } from "../../../engine/random.ts";
import type { Image } from "../../../engine/images/image.ts";
import type { Interpolation } from "../../../engine/images/preprocessing.ts";
import { resample } from "../../../engine/images/resample.ts";
import {
  type ImageOperation,
  isRandom,
  transformedSize,
  transformImage,
} from "../../../engine/images/transform.ts";
import { OPENCV, rgb } from "./_augment.ts";
import { assertPixels, bytesOf, expectedImage } from "./_images.ts";

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

const DRAWS = 2000;

/** Checks a count of a share: within 5 standard deviations. */
function assertShare(count: number, share: number): void {
  assert(Math.abs(count - share * DRAWS) <= 5 * Math.sqrt(DRAWS * share * (1 - share)));
}

Deno.test("random_crop takes every place equally often, also those that padding adds", () => {
  const operations = [{ op: "random_crop", size: [1, 3], padding: 1 }] as const;
  const found = new Map<string, number>();
  for (let seed = 0; seed < DRAWS; seed++) {
    const { data } = transformImage(numbered(1, 3), { channels: 1, operations }, new Random(seed));
    found.set(`${data}`, (found.get(`${data}`) ?? 0) + 1);
  }
  // A row above and one below are black; in the middle one, the crop begins at -1, 0 or 1.
  assertEquals([...found.keys()].sort(), ["0,0,0", "0,1,2", "1,2,3", "2,3,0"]);
  assertShare(found.get("0,0,0")!, 2 / 3);
  for (const place of ["0,1,2", "1,2,3", "2,3,0"]) assertShare(found.get(place)!, 1 / 9);
});

Deno.test("random_crop puts a small image at a random place of black", () => {
  const operations = [{ op: "random_crop", size: [1, 3] }] as const;
  const found = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const image = numbered(1, 2);
    found.add(`${transformImage(image, { channels: 1, operations }, new Random(seed)).data}`);
  }
  assertEquals([...found].sort(), ["0,1,2", "1,2,0"]);
});

Deno.test("random_resized_crop keeps to its ranges of area and aspect", () => {
  const limits = { area: [0.25, 0.5], ratio: [0.5, 2] } as const;
  const image = { height: 200, width: 300 };
  let wide = 0;
  let large = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    const { top, left, height, width } = randomPart(image, limits, new Random(seed));
    assert(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 300);
    const area = height * width / 60000;
    assert(area > 0.245 && area < 0.505, `${area}`);
    assert(width / height > 0.49 && width / height < 2.02);
    if (width > height) wide++;
    if (area > 0.375) large++;
  }
  assert(wide > 0.5 * DRAWS); // tall ones more often do not fit
  assert(large > 0.35 * DRAWS && large < 0.5 * DRAWS); // nor do large ones
  const unbound = { area: [0.01, 0.03], ratio: [0.5, 2] } as const;
  const tall = Array.from({ length: DRAWS }, (_, seed) => {
    const { height, width } = randomPart(image, unbound, new Random(seed));
    return height > width ? 1 : width > height ? 0 : 0.5;
  });
  assertShare(tall.reduce<number>((sum, one) => sum + one, 0), 0.5);
});

Deno.test("random_resized_crop takes the middle where no part fits", () => {
  const never = { area: [4, 5], ratio: [0.75, 4 / 3] } as const;
  const part = (height: number, width: number) =>
    randomPart({ height, width }, never, new Random(0));
  assertEquals(part(30, 30), { top: 0, left: 0, height: 30, width: 30 });
  assertEquals(part(30, 100), { top: 0, left: 30, height: 30, width: 40 });
  assertEquals(part(100, 30), { top: 30, left: 0, height: 40, width: 30 });
});

Deno.test("random_resized_crop resizes what it cuts out", () => {
  const operations = [{
    op: "random_resized_crop",
    size: [2, 2],
    area: [1, 1],
    ratio: [1, 1],
    interpolation: "box",
  }] as const;
  const image = numbered(4, 4);
  const whole = resample(image, { size: [2, 2], interpolation: "box" });
  assertEquals(transformImage(image, { channels: 1, operations }, new Random(5)), whole);
  assertEquals(transformedSize({ channels: 1, operations }, [4, 4]), [2, 2]);
});

Deno.test("steps that change pixels come in order, and their numbers from the same stream", () => {
  const flip = { op: "flip", axis: "horizontal" } as const;
  const operations = [
    flip,
    { op: "random_apply", probability: 0.5, operations: [flip] },
    { op: "normalize", mean: [0], std: [1] },
  ] as const;
  const image = numbered(1, 2);
  const made = Array.from({ length: 20 }, (_, seed) => {
    return `${transformImage(image, { channels: 1, operations }, new Random(seed)).data}`;
  });
  assertEquals([...new Set(made)].sort(), ["1,2", "2,1"]);
  assert(isRandom({ channels: 1, operations }));
  assert(!isRandom({ channels: 1, operations: [operations[0], operations[2]] }));
});

Deno.test("random_pad makes the border that OpenCV makes, for its share of the images", () => {
  const { size, data } = OPENCV.padded;
  const padded = (probability: number, random: Random) => {
    const operations = [{ op: "random_pad", size, probability }] as const;
    return transformImage(rgb, { channels: 3, operations }, random);
  };
  const { height, width, data: found } = padded(1, new Random(0));
  assertEquals([height, width], [...size]);
  assertPixels(found, bytesOf(data), "padded");
  let count = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    if (padded(0.2, new Random(seed)) !== rgb) count++;
  }
  assertShare(count, 0.2);
  const small = [{ op: "random_pad", size: [1, 30], probability: 1 }] as const;
  assertEquals(transformedSize({ channels: 3, operations: small }, [17, 23]), [17, 30]);
});

Deno.test("isRandom() knows of numbers that replace a part of the image", () => {
  const normalize = { op: "normalize", mean: [0], std: [1] } as const;
  assert(!isRandom({ channels: 1, operations: [normalize] }));
  const erase = { probability: 0.5, area: [0.1, 0.2], ratio: [1, 1] } as const;
  assert(isRandom({ channels: 1, operations: [{ ...normalize, erase }] }));
});
