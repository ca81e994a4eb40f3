import { assertAlmostEquals, assertEquals } from "@std/assert";
import { auroc } from "../../../plugins/metric/auroc.ts";
import { batch, compute, goldenCases } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(auroc, /^AUROC$/);

Deno.test("auroc is 0.5 when all scores are equal", () => {
  const input = batch("multiclass", 2, Array(12).fill(0.5), [0, 1, 1, 0, 1, 1]);
  assertEquals(compute(auroc, input), { AUROC: 0.5 });
});

Deno.test("auroc counts a class without positives or without negatives as 0", () => {
  const perfect = [0.8, 0.1, 0.1, 0.1, 0.8, 0.1];
  assertAlmostEquals(compute(auroc, batch("multiclass", 3, perfect, [0, 1])).AUROC, 2 / 3, 1e-12);
  assertEquals(compute(auroc, batch("multiclass", 2, [0.9, 0.1], [0])), { AUROC: 0 });
});

Deno.test("auroc does not change under an increasing map, and turns round under a decreasing", () => {
  const { input } = goldenCases()[1];
  const { AUROC } = compute(auroc, input);
  const shrunk = { ...input, scores: input.scores.map((score) => score / 4) };
  const negated = { ...input, scores: input.scores.map((score) => -score) };
  assertAlmostEquals(compute(auroc, shrunk).AUROC, AUROC, 1e-12);
  assertAlmostEquals(compute(auroc, negated).AUROC, 1 - AUROC, 1e-12);
});

Deno.test("auroc is NaN when a score is NaN", () => {
  assertEquals(compute(auroc, batch("multiclass", 2, [NaN, 0.1, 1, 0], [0, 1])), { AUROC: NaN });
});
