import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Moments } from "../../../engine/metrics/moments.ts";

function moments(pairs: readonly (readonly [number, number, number])[]): Moments {
  const all = new Moments();
  for (const [score, target, weight] of pairs) all.add(score, target, weight);
  return all;
}

Deno.test("Moments takes a weight for repetitions", () => {
  const weighted = moments([[1, 2, 3], [4, 3, 1], [2, 7, 2]]);
  const repeated = moments(
    [[1, 2], [1, 2], [1, 2], [4, 3], [2, 7], [2, 7]].map(([a, b]) => [a, b, 1]),
  );
  assertAlmostEquals(weighted.correlation(), repeated.correlation(), 1e-12);
  assertAlmostEquals(weighted.determination(), repeated.determination(), 1e-12);
});

Deno.test("Moments keeps its digits far from 0", () => {
  const near = [[1, 2], [4, 3], [2, 7], [6, 6]] as const;
  const [at, away] = [0, 2 ** 20].map((by) => moments(near.map(([a, b]) => [a + by, b + by, 1])));
  assertAlmostEquals(away.correlation(), at.correlation(), 1e-9);
  assertAlmostEquals(away.determination(), at.determination(), 1e-9);
});

Deno.test("Moments has no correlation of constants, and R² by scikit-learn's rules", () => {
  const constant = 0.1;
  const targets = moments([1, 2, 4].map((score) => [score, constant, 3]));
  assertEquals([targets.correlation(), targets.determination()], [NaN, 0]);
  const exact = moments([1, 2].map((weight) => [constant, constant, weight]));
  assertEquals([exact.correlation(), exact.determination()], [NaN, 1]);
  assertEquals(moments([[1, 2, 1]]).determination(), NaN);
  assertEquals(new Moments().determination(), NaN);
});
