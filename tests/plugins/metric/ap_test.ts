import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ap } from "../../../plugins/metric/ap.ts";
import { batch, compute, goldenCases } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(ap, /^AP$/);

Deno.test("ap is the share of positives when all scores are equal", () => {
  const input = batch("multilabel", 1, Array(8).fill(0.5), [1, 0, 0, 0, 1, 0, 0, 0]);
  assertEquals(compute(ap, input), { AP: 0.25 });
});

Deno.test("ap gives equal scores one common threshold", () => {
  // 0.9: one positive; 0.5: one more positive and one negative; 0.1: one positive.
  const input = batch("multilabel", 1, [0.9, 0.5, 0.5, 0.1], [1, 1, 0, 1]);
  assertAlmostEquals(compute(ap, input).AP, (1 + 2 / 3 + 3 / 4) / 3, 1e-12);
});

Deno.test("ap leaves out a class without positives", () => {
  const input = batch("multiclass", 3, [0.1, 0.8, 0.1, 0.1, 0.1, 0.8], [1, 2]);
  assertEquals(compute(ap, input), { AP: 1 });
});

Deno.test("ap counts absent classes as 0 where torchmetrics sees targets of 0 only", () => {
  assertEquals(compute(ap, batch("multiclass", 2, [0.9, 0.1], [0])), { AP: 0.5 });
  assertEquals(compute(ap, batch("multiclass", 2, [0.9, 0.1], [1])), { AP: 1 });
  assertEquals(compute(ap, batch("multilabel", 2, [0.9, 0.1], [1, 0])), { AP: 0.5 });
});

Deno.test("ap does not change under an increasing map", () => {
  const { input } = goldenCases()[0];
  const shrunk = { ...input, scores: input.scores.map((score) => score / 4) };
  assertAlmostEquals(compute(ap, shrunk).AP, compute(ap, input).AP, 1e-12);
});

Deno.test("ap is NaN when a score is NaN", () => {
  assertEquals(compute(ap, batch("multiclass", 2, [NaN, 0.1, 1, 0], [0, 1])), { AP: NaN });
});
