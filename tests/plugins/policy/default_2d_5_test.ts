import { assert, assertEquals } from "@std/assert";
import { changePixels } from "../../../engine/images/augment.ts";
import { Random } from "../../../engine/random.ts";
import { default2d5 } from "../../../plugins/policy/default_2d_5.ts";
import { assertFlips, assertShare, assertTaken, DRAWS, transformOf } from "./_cases.ts";

const transform = transformOf(default2d5, { preprocessing: { channels: 3, imageSize: [32, 48] } });

Deno.test("default_2d_5 is GloViTa's: crop, flips, rotation, affine map, colors, blurs, noise, holes", () => {
  const { size, operations } = transform;
  assertEquals(size, [32, 48]);
  assertEquals(operations[0], {
    op: "random_resized_crop",
    size: [32, 48],
    area: [0.6, 1],
    ratio: [0.75, 1.3333],
    interpolation: "bilinear",
  });
  const color = { brightness: 0.25, contrast: 0.25, saturation: 0.2, hue: 0.04 };
  assertEquals(
    operations.slice(3, -1).map((step) => step.op === "random_apply" ? step.operations : step),
    [
      [{ op: "rotate", degrees: [-180, 180] }],
      [{ op: "affine", scale: [0.85, 1.15], shear: 8, shift: 0.08, border: "black" }],
      [{
        op: "one_of",
        choices: [
          [{ op: "color_jitter", ...color }],
          [{ op: "brightness_contrast", brightness: 0.2, contrast: 0.2 }],
        ],
      }],
      [{
        op: "one_of",
        choices: [
          [{ op: "gaussian_blur", size: [3, 7], sigma: [0.5, 3] }],
          [{ op: "motion_blur", size: [3, 7] }],
        ],
      }],
      [{ op: "noise", sigma: [0.01, 0.05] }],
      [{ op: "holes", count: [1, 6], side: [0.05, 0.18] }],
    ],
  );
});

Deno.test("default_2d_5 takes each step for its share of the images", () => {
  assertFlips(transform, { horizontal: 0.5, vertical: 0.5 });
  assertTaken(transform, [0.5, 0.5, 0.6, 0.3, 0.7, 0.2, 0.2, 0.2]);
});

Deno.test("default_2d_5 changes colors or brightness, equally often", () => {
  const step = transform.operations[5];
  assert(step.op === "random_apply");
  const red = { height: 1, width: 1, channels: 3, data: new Uint8Array([200, 0, 0]) };
  let turned = 0; // by a jitter; a change of brightness keeps green and blue alike
  for (let seed = 0; seed < DRAWS; seed++) {
    const [, green, blue] = changePixels(red, step, new Random(seed)).data;
    if (green !== blue) turned++;
  }
  // Of 14.4 half degrees of hue that may be drawn, 0 to 1 turn nothing.
  assertShare(turned, 0.7 / 2 * (1 - 1 / 14.4));
});
