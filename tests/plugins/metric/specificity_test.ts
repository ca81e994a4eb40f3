import { assertEquals } from "@std/assert";
import { specificity } from "../../../plugins/metric/specificity.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(specificity, /^Specificity$/, 1e-12);

Deno.test("specificity of two classes is the mean of both recalls", () => {
  const input = batch("multiclass", 2, [1, 0, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1]);
  assertEquals(compute(specificity, input), { Specificity: 0.75 });
});

Deno.test("specificity of a label without negatives counts as 0", () => {
  const input = batch("multilabel", 2, [0.9, 0.1, 0.9, 0.1], [1, 0, 1, 0]);
  assertEquals(compute(specificity, input), { Specificity: 0.5 });
});
