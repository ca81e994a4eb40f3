import { assertEquals } from "@std/assert";
import { default2dRandaugment } from "../../../plugins/policy/default_2d_randaugment.ts";
import { randAugmentSteps } from "../../../plugins/policy/_training.ts";
import { assertFlips, transformOf } from "./_cases.ts";

Deno.test("default_2d_randaugment is GloViTa's: crop, flip, two operations, square", () => {
  const context = { preprocessing: { channels: 3 }, imageSize: 48, resizeSize: 60 };
  const transform = transformOf(default2dRandaugment, context);
  assertEquals(transform.size, [48, 48]);
  assertEquals(transform.operations.slice(0, 2), [
    { op: "resize_shorter", size: 60, interpolation: "bilinear" },
    { op: "random_crop", size: [48, 48] },
  ]);
  assertFlips(transform, { horizontal: 0.5 });
  assertEquals(transform.operations.slice(3, -1), [
    ...randAugmentSteps(),
    { op: "cutout", size: 16, fill: [125, 122, 113] },
  ]);
});

Deno.test("default_2d_randaugment takes the side of the square from data", () => {
  const context = { preprocessing: { channels: 1 }, cutoutSize: 5 };
  const { operations } = transformOf(default2dRandaugment, context);
  assertEquals(operations[5], { op: "cutout", size: 5, fill: [122] });
});
