import { assertEquals } from "@std/assert";
import { default2d2 } from "../../../plugins/policy/default_2d_2.ts";
import { assertFlips, transformOf } from "./_cases.ts";

const preprocessing = { channels: 3, imageSize: [24, 24], mean: [0.1], std: [0.2] } as const;

Deno.test("default_2d_2 is GloViTa's: crop, flips, small rotations", () => {
  const { size, operations } = transformOf(default2d2, { preprocessing: { channels: 3 } });
  assertEquals(size, [224, 224]);
  assertEquals(operations.slice(0, 2), [
    { op: "resize_shorter", size: 256, interpolation: "bilinear" },
    { op: "random_crop", size: [224, 224] },
  ]);
  assertEquals(operations.slice(4), [
    {
      op: "random_apply",
      probability: 0.3,
      operations: [{ op: "rotate", degrees: [-20, 20] }],
    },
    { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  ]);
});

Deno.test("default_2d_2 takes sizes from data, and an interpolation", () => {
  const context = { preprocessing, imageSize: 40, resizeSize: 50 };
  const { size, operations } = transformOf(default2d2, context, { interpolation: "box" });
  assertEquals(size, [40, 40]);
  assertEquals(operations[0], { op: "resize_shorter", size: 50, interpolation: "box" });
});

Deno.test("default_2d_2 mirrors half of the images, and a fifth upside down", () => {
  const transform = transformOf(default2d2, { preprocessing, resizeSize: 24 });
  assertFlips(transform, { horizontal: 0.5, vertical: 0.2 });
});
