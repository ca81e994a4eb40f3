import { assertEquals } from "@std/assert";
import { mcc } from "../../../plugins/metric/mcc.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(mcc, /^MCC$/, 1e-12);

Deno.test("mcc is 1 at best, -1 at worst of two classes, 0 without differences", () => {
  const scores = [0.9, 0.1, 0.2, 0.8];
  assertEquals(compute(mcc, batch("multiclass", 2, scores, [0, 1])), { MCC: 1 });
  assertEquals(compute(mcc, batch("multiclass", 2, scores, [1, 0])), { MCC: -1 });
  assertEquals(compute(mcc, batch("multiclass", 2, scores, [1, 1])), { MCC: 0 });
});

Deno.test("mcc of labels is the mean of each label's", () => {
  const input = batch("multilabel", 2, [0.9, 0.1, 0.2, 0.8], [1, 1, 0, 0]);
  assertEquals(compute(mcc, input), { MCC: 0 });
});
