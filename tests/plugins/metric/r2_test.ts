import { assertEquals } from "@std/assert";
import { r2 } from "../../../plugins/metric/r2.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(r2, /^R2$/, 1e-9);

Deno.test("r2 is 1 for exact predictions, 0 for the mean, less for worse ones", () => {
  const labels = [1, 2, 3];
  assertEquals(compute(r2, batch("regression", 1, labels, labels)), { R2: 1 });
  assertEquals(compute(r2, batch("regression", 1, [2, 2, 2], labels)), { R2: 0 });
  assertEquals(compute(r2, batch("regression", 1, [3, 2, 1], labels)), { R2: -3 });
});

Deno.test("r2 averages over predicted values", () => {
  const input = batch("regression", 2, [1, 2, 3, 2], [1, 1, 3, 3]);
  assertEquals(compute(r2, input), { R2: 0.5 });
});
