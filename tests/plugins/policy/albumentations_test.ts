import { assertEquals } from "@std/assert";
import { transformImage } from "../../../engine/images/transform.ts";
import { Random } from "../../../engine/random.ts";
import { albumentations } from "../../../plugins/policy/albumentations.ts";
import { assertShare, assertTaken, DRAWS, transformOf } from "./_cases.ts";

const transform = transformOf(albumentations, { preprocessing: { channels: 3 } });

Deno.test("albumentations is GloViTa's for CIFAR", () => {
  assertEquals(transform.size, [32, 32]);
  assertEquals(transform.operations.slice(2, 4), [
    { op: "random_pad", size: [36, 36], probability: 0.2 },
    { op: "random_crop", size: [32, 32] },
  ]);
  assertEquals(
    transform.operations.flatMap((step) => step.op === "random_apply" ? step.operations : []),
    [
      { op: "invert" },
      { op: "flip", axis: "horizontal" },
      { op: "brightness_contrast", brightness: 0.2, contrast: 0.2 },
      { op: "affine", scale: [1, 1], shear: 0, shift: 0.2, border: "mirrored" },
      { op: "equalize" },
      { op: "solarize", threshold: 128 },
    ],
  );
  assertEquals(transform.operations.at(-1)?.op, "normalize");
});

Deno.test("albumentations takes each step for a fifth of the images", () => {
  assertTaken(transform, [0.2, 0.2, 0.2, 0.2, 0.2, 0.2]);
  const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 7) % 251);
  const image = { height: 32, width: 32, channels: 3, data };
  const operations = transform.operations.slice(2, 4);
  let moved = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    const made = transformImage(image, { channels: 3, operations }, new Random(seed));
    if (made.data.some((value, i) => value !== data[i])) moved++;
  }
  assertShare(moved, 0.2 * 24 / 25); // of 25 places after padding, one is the image itself
});
