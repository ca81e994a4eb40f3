import { assertEquals, assertLessOrEqual } from "@std/assert";
import { mae } from "../../../plugins/metric/mae.ts";
import { mse } from "../../../plugins/metric/mse.ts";
import { batch, compute, randomCases } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(mae, /^MAE$/);

Deno.test("mae averages over samples and predicted values", () => {
  const input = batch("regression", 2, [1, 2, 3, 4], [1, 2, 3, 8]);
  assertEquals(compute(mae, input), { MAE: 1 });
});

Deno.test("mae is at most the root of mse", () => {
  for (const { name, input } of randomCases()) {
    if (input.subtask !== "regression") continue;
    assertLessOrEqual(compute(mae, input).MAE, Math.sqrt(compute(mse, input).MSE) + 1e-12, name);
  }
});

Deno.test("mae carries NaN through, and prefers smaller values", () => {
  assertEquals(compute(mae, batch("regression", 1, [NaN, 1], [0, 1])), { MAE: NaN });
  assertEquals(mae.create({}, batch("regression", 1, [], [])).higherIsBetter, false);
});
