import { assertAlmostEquals, assertEquals } from "@std/assert";
import { balancedAcc } from "../../../plugins/metric/balanced_acc.ts";
import { pr } from "../../../plugins/metric/pr.ts";
import { batch, compute, randomCases } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(pr, /^(Precision|Recall)$/);

Deno.test("pr counts undefined precision and recall of a present class as 0", () => {
  const input = batch("multiclass", 2, [0.9, 0.1], [1]);
  assertEquals(compute(pr, input), { Precision: 0, Recall: 0 });
});

Deno.test("pr gives the balanced accuracy as the recall of a multiclass batch", () => {
  for (const { name, input } of randomCases()) {
    if (input.subtask !== "multiclass") continue;
    const { Balanced_Accuracy } = compute(balancedAcc, input);
    assertAlmostEquals(compute(pr, input).Recall, Balanced_Accuracy, 1e-12, name);
  }
});
