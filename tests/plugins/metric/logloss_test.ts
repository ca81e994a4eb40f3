import { assertAlmostEquals, assertEquals } from "@std/assert";
import { logloss } from "../../../plugins/metric/logloss.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(logloss, /^Log_Loss$/, 1e-12);

Deno.test("logloss clips probabilities at float32's epsilon", () => {
  const wrong = compute(logloss, batch("multiclass", 2, [1, 0], [1])).Log_Loss;
  assertAlmostEquals(wrong, 23 * Math.log(2), 1e-12);
  const label = compute(logloss, batch("multilabel", 1, [1], [0])).Log_Loss;
  assertAlmostEquals(label, 23 * Math.log(2), 1e-9);
  const right = compute(logloss, batch("multiclass", 2, [1, 0], [0])).Log_Loss;
  assertAlmostEquals(right, 2 ** -23, 1e-12);
});

Deno.test("logloss carries NaN through, and prefers smaller values", () => {
  const input = batch("multiclass", 2, [0.5, NaN, 0.5, 0.5], [1, 0]);
  assertEquals(compute(logloss, input), { Log_Loss: NaN });
  assertEquals(logloss.create({}, input).higherIsBetter, false);
});
