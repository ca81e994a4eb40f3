import { assertEquals } from "@std/assert";
import { kappa } from "../../../plugins/metric/kappa.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(kappa, /^Kappa$/, 1e-12);

Deno.test("kappa weighs an error by the square of its distance, gaps of absent classes included", () => {
  const labels = [0, 0, 3, 3];
  const near = batch("multiclass", 4, [...hot(0), ...hot(1), ...hot(3), ...hot(3)], labels);
  const far = batch("multiclass", 4, [...hot(0), ...hot(3), ...hot(3), ...hot(3)], labels);
  assertEquals(compute(kappa, near).Kappa > compute(kappa, far).Kappa, true);
});

Deno.test("kappa is NaN where targets and predictions are one class throughout", () => {
  const sure = batch("multiclass", 4, [...hot(2), ...hot(2)], [2, 2]);
  assertEquals(compute(kappa, sure), { Kappa: NaN });
  assertEquals(kappa.create({}, sure).higherIsBetter, true);
});

function hot(c: number): number[] {
  return [0, 1, 2, 3].map((each) => each === c ? 1 : 0);
}
