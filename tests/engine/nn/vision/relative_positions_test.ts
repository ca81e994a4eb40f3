import { assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import {
  resampleRelativePositions,
  type WindowChange,
} from "../../../../engine/nn/vision/relative_positions.ts";
import { goldenJson, relativeError } from "../../../_golden.ts";
import { ruleNumbers } from "../../../_timm.ts";

const examples = goldenJson<(WindowChange & { values: number[] })[]>("relative_positions.json");

for (const { from, to, values } of examples) {
  Deno.test(`relative positions of ${from} by ${from} become those of ${to} as in timm`, () => {
    const table = Float32Array.from(ruleNumbers("table", (2 * from - 1) ** 2 * 2));
    const resampled = resampleRelativePositions(table, { from, to });
    assertEquals(resampled.length, values.length);
    assertLess(relativeError(resampled, values), 1e-6);
  });
}

Deno.test("relative positions of the same window stay", () => {
  const table = new Float32Array(25);
  assertStrictEquals(resampleRelativePositions(table, { from: 3, to: [3, 3] }), table);
});
