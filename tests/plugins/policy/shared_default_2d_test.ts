import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { sharedDefault2d } from "../../../plugins/policy/shared_default_2d.ts";
import { transformOf } from "./_cases.ts";

const normalize = {
  op: "normalize",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

Deno.test("shared_default_2d is GloViTa's: 256, then 224, with ImageNet's numbers", () => {
  assertEquals(transformOf(sharedDefault2d, { preprocessing: { channels: 3 } }), {
    channels: 3,
    size: [224, 224],
    operations: [
      { op: "resize_shorter", size: 256, interpolation: "bilinear" },
      { op: "center_crop", size: [224, 224] },
      normalize,
    ],
  });
});

Deno.test("shared_default_2d takes what the encoder expects: size, share, interpolation, mean, std", () => {
  const { size, operations } = transformOf(sharedDefault2d, {
    preprocessing: {
      channels: 3,
      imageSize: [384, 384],
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      interpolation: "bicubic",
      cropPct: 0.95,
    },
  });
  assertEquals(size, [384, 384]);
  assertEquals(operations, [
    { op: "resize_shorter", size: 404, interpolation: "bicubic" },
    { op: "center_crop", size: [384, 384] },
    { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  ]);
});

Deno.test("shared_default_2d takes from data what data says, and an interpolation", () => {
  const preprocessing = {
    channels: 3,
    imageSize: [384, 384],
    cropPct: 0.7,
    interpolation: "bicubic",
  } as const;
  const context = { preprocessing, imageSize: 112, resizeSize: 120, cropSize: 100 };
  const { size, operations } = transformOf(sharedDefault2d, context, { interpolation: "nearest" });
  assertEquals(size, [100, 100]);
  assertEquals(operations.slice(0, 2), [
    { op: "resize_shorter", size: 120, interpolation: "nearest" },
    { op: "center_crop", size: [100, 100] },
  ]);
  const scaled = transformOf(sharedDefault2d, { preprocessing, imageSize: 112 });
  assertEquals(scaled.operations[0], {
    op: "resize_shorter",
    size: 160,
    interpolation: "bicubic",
  });
  assert(!v.safeParse(sharedDefault2d.config, { crop_pct: 1 }).success);
});

Deno.test("shared_default_2d covers a size that is not a square", () => {
  const preprocessing = { channels: 1, imageSize: [112, 224] } as const;
  const { channels, size, operations } = transformOf(sharedDefault2d, { preprocessing });
  assertEquals([channels, size], [1, [112, 224]]);
  assertEquals(operations[0], { op: "resize_cover", size: [128, 256], interpolation: "bilinear" });
});
