import { assertEquals } from "@std/assert";
import { default224 } from "../../../plugins/policy/default_224.ts";
import { sharedDefault2d } from "../../../plugins/policy/shared_default_2d.ts";
import { transformOf } from "./_cases.ts";

Deno.test("default_224 is shared_default_2d: 256 and 224 pixels where nobody says otherwise", () => {
  for (
    const context of [
      { preprocessing: { channels: 3 } },
      { preprocessing: { channels: 1, imageSize: [64, 96], cropPct: 0.9 }, resizeSize: 100 },
    ] as const
  ) {
    assertEquals(transformOf(default224, context), transformOf(sharedDefault2d, context));
  }
  const { operations } = transformOf(default224, { preprocessing: { channels: 3 } });
  assertEquals(operations.slice(0, 2), [
    { op: "resize_shorter", size: 256, interpolation: "bilinear" },
    { op: "center_crop", size: [224, 224] },
  ]);
});
