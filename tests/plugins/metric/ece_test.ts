import { assertEquals } from "@std/assert";
import { ece } from "../../../plugins/metric/ece.ts";
import { batch, compute } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(ece, /^ECE$/);

Deno.test("ece is 0 where confidence is accuracy, and 1 at worst", () => {
  const scores = Array(4).fill([0.25, 0.75]).flat();
  assertEquals(compute(ece, batch("multiclass", 2, scores, [1, 1, 1, 0])), { ECE: 0 });
  assertEquals(compute(ece, batch("multiclass", 2, [1, 0], [1])), { ECE: 1 });
});

Deno.test("ece does not set off errors of different bins against each other", () => {
  const input = batch("multilabel", 1, [0.25, 0.75], [1, 0]);
  assertEquals(compute(ece, input), { ECE: 0.75 });
});

Deno.test("ece carries NaN through, and prefers smaller values", () => {
  const input = batch("multiclass", 2, [NaN, 0.5, 0.5, 0.5], [1, 0]);
  assertEquals(compute(ece, input), { ECE: NaN });
  assertEquals(ece.create({}, input).higherIsBetter, false);
});
