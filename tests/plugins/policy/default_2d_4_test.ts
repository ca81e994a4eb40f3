import { assertEquals } from "@std/assert";
import { default2d4 } from "../../../plugins/policy/default_2d_4.ts";
import { assertFlips, assertTaken, transformOf } from "./_cases.ts";

const transform = transformOf(default2d4, { preprocessing: { channels: 3 }, imageSize: 40 });

Deno.test("default_2d_4 is GloViTa's: crop of any aspect, flips, rotation, colors, blur, noise", () => {
  const { size, operations } = transform;
  assertEquals(size, [40, 40]);
  assertEquals(operations[0], {
    op: "random_resized_crop",
    size: [40, 40],
    area: [0.7, 1],
    ratio: [0.8, 1.25],
    interpolation: "bilinear",
  });
  const color = { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.03 };
  assertEquals(
    operations.slice(3, -1).map((step) => step.op === "random_apply" ? step.operations : step),
    [
      [{ op: "rotate", degrees: [-90, 90] }],
      [{ op: "color_jitter", ...color }],
      [{ op: "gaussian_blur", size: [3, 5], sigma: [0.5, 3] }],
      [{ op: "noise", sigma: [0.01, 0.04] }],
    ],
  );
  assertEquals(operations.at(-1)?.op, "normalize");
});

Deno.test("default_2d_4 takes each step for its share of the images", () => {
  assertFlips(transform, { horizontal: 0.5, vertical: 0.5 });
  assertTaken(transform, [0.5, 0.5, 0.5, 0.6, 0.15, 0.15]);
});
