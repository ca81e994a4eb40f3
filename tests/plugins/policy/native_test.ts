import { assertEquals } from "@std/assert";
import { transformedSize } from "../../../engine/images/transform.ts";
import { native } from "../../../plugins/policy/native.ts";
import { assertFlips, assertTaken, transformOf } from "./_cases.ts";

const preprocessing = { channels: 3, imageSize: [224, 224] } as const;

Deno.test("native keeps the size of images and trains with flips, rotations and colors", () => {
  const train = transformOf(native, { preprocessing, use: "train" });
  assertEquals(train.size, undefined);
  assertEquals(transformedSize(train, [96, 96]), [96, 96]);
  assertFlips(train, { horizontal: 0.5, vertical: 0.5 });
  assertTaken(train, [0.5, 0.5, 0.5, 0.5]);
  const color = { brightness: 0.15, contrast: 0.15, saturation: 0.15, hue: 0 };
  assertEquals(
    train.operations.slice(2, 4).map((step) => step.op === "random_apply" && step.operations),
    [[{ op: "rotate", degrees: [-180, 180] }], [{ op: "color_jitter", ...color }]],
  );
});

Deno.test("native evaluates on images as they are", () => {
  assertEquals(transformOf(native, { preprocessing, use: "test" }), {
    channels: 3,
    operations: [
      { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
  });
});
