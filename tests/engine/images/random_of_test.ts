import { assertEquals, assertNotEquals } from "@std/assert";
import type { Split } from "../../../engine/data/data.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { randomOf } from "../../../engine/images/random_of.ts";
import { RAW_IMAGE_SOURCE_URL } from "../../../engine/images/raw_image_source.ts";
import { inFolder } from "../../_training.ts";

Deno.test("randomOf() depends on seed, epoch and index, and on nothing else", () => {
  const draw = (index: number, seed: number, epoch: number) =>
    randomOf(index, { seed, epoch }).uint32();
  assertEquals(draw(3, 4, 5), draw(3, 4, 5));
  const all = [draw(3, 4, 5), draw(4, 4, 5), draw(3, 5, 5), draw(3, 4, 6), draw(5, 4, 3)];
  assertEquals(new Set(all).size, all.length);
  assertEquals(randomOf(3).uint32(), draw(3, 0, 0));
});

const COUNT = 21;
const SIDE = 12;

/** Images of noise whose transform is random at each step. */
async function noise(folder: string): Promise<Split> {
  const file = `${folder}/pixels.bin`;
  const stride = 3 * SIDE * SIDE;
  await Deno.writeFile(file, Uint8Array.from({ length: COUNT * stride }, (_, i) => (i * i) % 251));
  const operations = [
    { op: "random_pad", size: [SIDE + 4, SIDE + 4], probability: 0.5 },
    { op: "random_crop", size: [SIDE, SIDE], padding: 2 },
    { op: "rotate", degrees: [-30, 30] },
    { op: "affine", scale: [0.9, 1.1], shear: 8, shift: 0.1, border: "mirrored" },
    { op: "auto_operation", name: "sharpness", index: [1, 9] },
    { op: "timm_operation", name: "shear_x", magnitude: 9, deviation: 0.5, fill: [1, 2, 3] },
    { op: "color_jitter", brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
    { op: "brightness_contrast", brightness: 0.1, contrast: 0.1 },
    {
      op: "one_of",
      choices: [
        [{ op: "gaussian_blur", size: [3, 7], sigma: [0.5, 3] }],
        [{ op: "motion_blur", size: [3, 7] }],
      ],
    },
    { op: "noise", sigma: [0.01, 0.05] },
    { op: "holes", count: [1, 6], side: [0.05, 0.18] },
    {
      op: "normalize",
      mean: [0, 0, 0],
      std: [1, 1, 1],
      erase: { probability: 0.5, area: [0.02, 1 / 3], ratio: [0.3, 3] },
    },
  ] as const;
  return {
    name: "noise",
    length: COUNT,
    labels: { values: new Int32Array(COUNT), width: 1 },
    sampleShape: [3, SIDE, SIDE],
    source: {
      module: RAW_IMAGE_SOURCE_URL,
      options: {
        blocks: [{ file, count: COUNT, offset: 0, stride }],
        shape: [3, SIDE, SIDE],
        transform: { channels: 3, operations },
      },
    },
  };
}

/** The images of an epoch by index, in one array. */
async function epochOf(
  split: Split,
  epoch: number,
  options: { readonly workers: number; readonly seed: number; readonly batchSize?: number },
): Promise<Float32Array> {
  await using loader = new Loader(split, { batchSize: 4, shuffle: true, ...options });
  const row = 3 * SIDE * SIDE;
  const images = new Float32Array(COUNT * row);
  for await (const { features, indices } of loader.epoch(epoch)) {
    for (const [at, index] of indices.entries()) {
      images.set(features.subarray(at * row, (at + 1) * row), index * row);
    }
  }
  return images;
}

Deno.test("random changes of images are the same for 0, 1, 2 and 4 workers, to the bit", async () => {
  await inFolder(async (folder) => {
    const split = await noise(folder);
    const alone = await epochOf(split, 1, { workers: 0, seed: 8 });
    for (const workers of [1, 2, 4]) {
      assertEquals(await epochOf(split, 1, { workers, seed: 8 }), alone);
    }
  });
});

Deno.test("random changes do not depend on batches and earlier epochs, but on epoch and seed", async () => {
  await inFolder(async (folder) => {
    const split = await noise(folder);
    const first = await epochOf(split, 1, { workers: 0, seed: 8 });
    assertEquals(await epochOf(split, 1, { workers: 0, seed: 8, batchSize: 21 }), first);
    assertNotEquals(await epochOf(split, 2, { workers: 0, seed: 8 }), first);
    assertNotEquals(await epochOf(split, 1, { workers: 0, seed: 9 }), first);
  });
});
