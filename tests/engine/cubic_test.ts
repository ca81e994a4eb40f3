import { assertAlmostEquals, assertEquals } from "@std/assert";
import { cubic } from "../../engine/cubic.ts";

Deno.test("cubic() is 1 at a sample, 0 at the others, and even", () => {
  const weights = [-3, -2, -1, 0, 1, 2, 3].map((x) => cubic(x) + 0); // no -0
  assertEquals(weights, [0, 0, 0, 1, 0, 0, 0]);
  for (const x of [0.25, 0.5, 1.3, 1.9]) assertEquals(cubic(x), cubic(-x));
});

Deno.test("cubic() has weights that sum to 1, wherever a point lies between samples", () => {
  for (let at = 0; at < 1; at += 0.05) {
    const weights = [at + 1, at, at - 1, at - 2].map(cubic);
    assertAlmostEquals(weights.reduce((sum, weight) => sum + weight), 1, 1e-12);
    // Lines are kept: the kernel's first moment is 0.
    const moment = weights.reduce((sum, weight, i) => sum + weight * (i - 1), 0);
    assertAlmostEquals(moment, at, 1e-12);
  }
});
