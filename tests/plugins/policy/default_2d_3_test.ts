import { assertEquals } from "@std/assert";
import { default2d3 } from "../../../plugins/policy/default_2d_3.ts";
import { assertFlips, transformOf } from "./_cases.ts";

Deno.test("default_2d_3 is GloViTa's: crop, flips, rotations, jitter of colors", () => {
  const { size, operations } = transformOf(default2d3, { preprocessing: { channels: 3 } });
  assertEquals(size, [224, 224]);
  assertEquals(operations.slice(0, 2), [
    { op: "resize_shorter", size: 256, interpolation: "bilinear" },
    { op: "random_crop", size: [224, 224] },
  ]);
  const rotate = { op: "rotate", degrees: [-45, 45] } as const;
  const jitter = {
    op: "color_jitter",
    brightness: 0.15,
    contrast: 0.15,
    saturation: 0.1,
    hue: 0.02,
  } as const;
  assertEquals(operations.slice(4), [
    { op: "random_apply", probability: 0.5, operations: [rotate] },
    { op: "random_apply", probability: 0.5, operations: [jitter] },
    { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  ]);
});

Deno.test("default_2d_3 mirrors half of the images each way", () => {
  const preprocessing = { channels: 3, imageSize: [24, 24] } as const;
  const transform = transformOf(default2d3, { preprocessing, resizeSize: 24 });
  assertFlips(transform, { horizontal: 0.5, vertical: 0.5 });
});
