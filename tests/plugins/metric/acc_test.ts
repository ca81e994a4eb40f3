import { assertEquals } from "@std/assert";
import { acc } from "../../../plugins/metric/acc.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(acc, /^Accuracy$/);

Deno.test("acc counts every decision of a multilabel batch", () => {
  const input = batch("multilabel", 2, [0.9, 0.9, 0.1, 0.1], [1, 0, 0, 0]);
  assertEquals(compute(acc, input), { Accuracy: 0.75 });
});

Deno.test("acc prefers larger values", () => {
  assertEquals(acc.create({}, batch("multiclass", 2, [], [])).higherIsBetter, true);
});
