import { assertAlmostEquals, assertEquals } from "@std/assert";
import { pearson } from "../../../plugins/metric/pearson.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(pearson, /^Pearson$/, 1e-9);

Deno.test("pearson does not change with scale and offset of the predictions", () => {
  const labels = [0.5, 1, -2, 7];
  const scaled = batch("regression", 1, labels.map((label) => 8 * label - 64), labels);
  assertAlmostEquals(compute(pearson, scaled).Pearson, 1, 1e-12);
  const turned = batch("regression", 1, labels.map((label) => -label), labels);
  assertAlmostEquals(compute(pearson, turned).Pearson, -1, 1e-12);
});

Deno.test("pearson is NaN where values are all the same", () => {
  assertEquals(compute(pearson, batch("regression", 1, [1, 1], [1, 2])), { Pearson: NaN });
  assertEquals(compute(pearson, batch("regression", 1, [1, 2], [3, 3])), { Pearson: NaN });
});
