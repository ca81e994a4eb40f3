import { assertEquals } from "@std/assert";
import { baseline } from "../../../plugins/policy/baseline.ts";
import { assertFlips, transformOf } from "./_cases.ts";

Deno.test("baseline is GloViTa's for CIFAR: crop after padding, flip", () => {
  const transform = transformOf(baseline, { preprocessing: { channels: 3, imageSize: [64, 64] } });
  const interpolation = "bilinear";
  assertEquals(transform.size, [64, 64]);
  assertEquals(transform.operations.slice(0, 2), [
    { op: "resize_shorter", size: 32, interpolation },
    { op: "random_crop", size: [32, 32], padding: 4 },
  ]);
  assertFlips(transform, { horizontal: 0.5 });
  assertEquals(transform.operations[3], { op: "resize", size: [64, 64], interpolation });
  assertEquals(transform.operations.length, 5);
});

Deno.test("baseline takes sizes from data, and an interpolation", () => {
  const context = { preprocessing: { channels: 3 }, cropSize: 20, imageSize: 40 };
  const { size, operations } = transformOf(baseline, context, { interpolation: "box" });
  assertEquals(size, [40, 40]);
  assertEquals(operations[0], { op: "resize_shorter", size: 20, interpolation: "box" });
});

Deno.test("baseline of ImageNet is a resized crop of which half are mirrored", () => {
  const context = { preprocessing: { channels: 3 }, dataset: "imagenet" };
  const transform = transformOf(baseline, context);
  assertEquals(transform.size, [224, 224]);
  assertFlips(transform, { horizontal: 0.5 });
  assertEquals(transform.operations.toSpliced(1, 1), [
    {
      op: "random_resized_crop",
      size: [224, 224],
      area: [0.08, 1],
      ratio: [3 / 4, 4 / 3],
      interpolation: "bilinear",
    },
    { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  ]);
});
