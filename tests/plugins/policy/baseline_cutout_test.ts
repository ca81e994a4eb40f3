import { assertEquals } from "@std/assert";
import { baseline } from "../../../plugins/policy/baseline.ts";
import { baselineCutout } from "../../../plugins/policy/baseline_cutout.ts";
import { transformOf } from "./_cases.ts";

Deno.test("baseline_cutout is baseline with a covered square after the flip", () => {
  for (const cutoutSize of [undefined, 6]) {
    const context = { preprocessing: { channels: 3, imageSize: [48, 48] } as const, cutoutSize };
    const { operations, ...rest } = transformOf(baselineCutout, context);
    const { operations: plain, ...plainRest } = transformOf(baseline, context);
    assertEquals(rest, plainRest);
    const square = { op: "cutout", size: cutoutSize ?? 16, fill: [125, 122, 113] } as const;
    assertEquals(operations, [...plain.slice(0, 3), square, ...plain.slice(3)]);
  }
});
