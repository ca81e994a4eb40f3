import { assertEquals } from "@std/assert";
import { randAugmentSteps } from "../../../plugins/policy/_training.ts";
import { randaugment224 } from "../../../plugins/policy/randaugment_224.ts";
import { assertFlips, transformOf } from "./_cases.ts";

Deno.test("randaugment_224 is GloViTa's for ImageNet: resize, crop, flip, two operations", () => {
  const transform = transformOf(randaugment224, { preprocessing: { channels: 3 } });
  assertEquals(transform.size, [224, 224]);
  assertEquals(transform.operations.slice(0, 2), [
    { op: "resize_shorter", size: 256, interpolation: "bilinear" },
    { op: "random_crop", size: [224, 224] },
  ]);
  assertFlips(transform, { horizontal: 0.5 });
  assertEquals(transform.operations.slice(3, -1), [...randAugmentSteps()]);
});

Deno.test("randaugment_224 takes sizes from data, and an interpolation", () => {
  const context = { preprocessing: { channels: 3 }, imageSize: 40, resizeSize: 50 };
  const { size, operations } = transformOf(randaugment224, context, { interpolation: "box" });
  assertEquals(size, [40, 40]);
  assertEquals(operations[0], { op: "resize_shorter", size: 50, interpolation: "box" });
});
