import { assertEquals } from "@std/assert";
import { brier } from "../../../plugins/metric/brier.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(brier, /^Brier$/, 1e-12);

Deno.test("brier goes up to 1 for two classes and for labels, to 2 for more classes", () => {
  assertEquals(compute(brier, batch("multiclass", 2, [1, 0], [1])), { Brier: 1 });
  assertEquals(compute(brier, batch("multilabel", 2, [1, 0], [0, 1])), { Brier: 1 });
  assertEquals(compute(brier, batch("multiclass", 3, [1, 0, 0], [1])), { Brier: 2 });
});

Deno.test("brier carries NaN through, and prefers smaller values", () => {
  const input = batch("multiclass", 2, [NaN, 0.5, 0.5, 0.5], [1, 0]);
  assertEquals(compute(brier, input), { Brier: NaN });
  assertEquals(brier.create({}, input).higherIsBetter, false);
});
