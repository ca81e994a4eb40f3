import { assertEquals } from "@std/assert";
import { balancedAcc } from "../../../plugins/metric/balanced_acc.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(balancedAcc, /^Balanced_Accuracy$/);

Deno.test("balanced_acc does not change when the samples of one class are repeated", () => {
  const once = batch("multiclass", 2, [0.9, 0.1, 0.4, 0.6, 0.2, 0.8], [0, 0, 1]);
  const repeated = batch("multiclass", 2, [0.9, 0.1, 0.4, 0.6, 0.2, 0.8, 0.2, 0.8], [0, 0, 1, 1]);
  assertEquals(compute(balancedAcc, once), { Balanced_Accuracy: 0.75 });
  assertEquals(compute(balancedAcc, repeated), { Balanced_Accuracy: 0.75 });
});

Deno.test("balanced_acc of a label takes recall and specificity into account", () => {
  const input = batch("multilabel", 1, [0.9, 0.1, 0.1, 0.1], [1, 1, 0, 0]);
  assertEquals(compute(balancedAcc, input), { Balanced_Accuracy: 0.75 });
});
