import { assertEquals } from "@std/assert";
import { mse } from "../../../plugins/metric/mse.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(mse, /^MSE$/);

Deno.test("mse averages over samples and predicted values", () => {
  const input = batch("regression", 2, [1, 2, 3, 4], [1, 2, 3, 8]);
  assertEquals(compute(mse, input), { MSE: 4 });
});

Deno.test("mse carries NaN and infinity through, and prefers smaller values", () => {
  assertEquals(compute(mse, batch("regression", 1, [NaN, 1], [0, 1])), { MSE: NaN });
  assertEquals(compute(mse, batch("regression", 1, [Infinity, 1], [0, 1])), { MSE: Infinity });
  assertEquals(mse.create({}, batch("regression", 1, [], [])).higherIsBetter, false);
});
