import { assertEquals } from "@std/assert";
import { f1 } from "../../../plugins/metric/f1.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(f1, /^F1$/);

Deno.test("f1 counts a class that is predicted but never a target", () => {
  const input = batch("multiclass", 3, [0.8, 0.1, 0.1, 0.1, 0.1, 0.8], [0, 0]);
  assertEquals(compute(f1, input), { F1: 1 / 3 }); // 2/3 for class 0, 0 for class 2
});

Deno.test("f1 counts a label that neither occurs nor is predicted as 0", () => {
  const input = batch("multilabel", 2, [0.9, 0.1, 0.9, 0.1], [1, 0, 1, 0]);
  assertEquals(compute(f1, input), { F1: 0.5 });
});
