import { assertAlmostEquals, assertEquals } from "@std/assert";
import { f1 } from "../../../plugins/metric/f1.ts";
import { f1PerClass } from "../../../plugins/metric/f1_per_class.ts";
import { compute, goldenCases } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(f1PerClass, /^F1_class_\d+$/);

Deno.test("f1_per_class has one value per class, and their mean over present classes is f1", () => {
  for (const { input } of goldenCases().slice(0, 2)) {
    const values = compute(f1PerClass, input);
    const names = [...Array(6).keys()].map((c) => `F1_class_${c}`);
    assertEquals(Object.keys(values), names);
    // Class 5 of the multiclass batch is not a target but predicted, so all six count.
    const mean = names.reduce((sum, name) => sum + values[name], 0) / 6;
    assertAlmostEquals(mean, compute(f1, input).F1, 1e-12);
  }
});
