import { assertEquals } from "@std/assert";
import { aidLargeCrop } from "../../../plugins/policy/aid_large_crop.ts";
import { assertFlips, transformOf } from "./_cases.ts";

const interpolation = "bilinear";

Deno.test("aid_large_crop is GloViTa's for AID: 640, 600, flips, rotation, jitter, 224", () => {
  const transform = transformOf(aidLargeCrop, { preprocessing: { channels: 3 } });
  assertEquals(transform.size, [224, 224]);
  assertEquals(transform.operations.slice(0, 2), [
    { op: "resize_shorter", size: 640, interpolation },
    { op: "random_crop", size: [600, 600] },
  ]);
  assertFlips(transform, { horizontal: 0.5, vertical: 0.5 });
  const rotate = { op: "rotate", degrees: [-180, 180] } as const;
  const colors = { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0 };
  const jitter = { op: "color_jitter", ...colors } as const;
  assertEquals(transform.operations.slice(4, -1), [
    { op: "random_apply", probability: 0.5, operations: [rotate] },
    { op: "random_apply", probability: 0.5, operations: [jitter] },
    { op: "resize", size: [224, 224], interpolation },
  ]);
});

Deno.test("aid_large_crop takes sizes from data and from the encoder", () => {
  const preprocessing = { channels: 3, imageSize: [64, 64] } as const;
  const context = { preprocessing, resizeSize: 100, cropSize: 90 };
  const { size, operations } = transformOf(aidLargeCrop, context);
  assertEquals(size, [64, 64]);
  assertEquals(operations[0], { op: "resize_shorter", size: 100, interpolation });
  assertEquals(operations[1], { op: "random_crop", size: [90, 90] });
});
