import { assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { constant, input } from "../../../../engine/ir/create.ts";
import {
  type GridChange,
  resamplePositions,
  resampleValues,
  resampling,
} from "../../../../engine/nn/vision/position_embedding.ts";
import { goldenJson, relativeError } from "../../../_golden.ts";
import { evaluate } from "../../_run.ts";

type Example = GridChange & { readonly values: number[]; readonly expected: number[] };

// What timm's resample_abs_pos_embed gives, in float32.
const examples = goldenJson<Record<string, Example>>("position_embeddings.json");

for (const [name, { values, expected, ...change }] of Object.entries(examples)) {
  Deno.test(`positions are resampled as in timm: ${name}`, async () => {
    const resampled = resampleValues(Float32Array.from(values), change);
    assertLess(relativeError(resampled, expected), 1e-6);
    const tokens = change.prefixTokens + change.from[0] * change.from[1];
    const positions = constant(values, [1, tokens, values.length / tokens]);
    const [inGraph] = await evaluate([resamplePositions(positions, change)]);
    assertEquals(inGraph.shape.slice(0, 2), [1, change.prefixTokens + change.to[0] * change.to[1]]);
    assertLess(relativeError(inGraph.values, expected), 1e-6);
  });
}

Deno.test("positions of the same grid stay", () => {
  const change = { from: [2, 3], to: [2, 3], prefixTokens: 1 } as const;
  const positions = input("positions", "float32", [1, 7, 4]);
  assertStrictEquals(resamplePositions(positions, change), positions);
  const values = new Float32Array(28);
  assertStrictEquals(resampleValues(values, change), values);
});

Deno.test("resampling() has rows that sum to one", () => {
  for (const [from, to] of [[14, 7], [7, 14], [5, 5], [1, 4], [37, 16]]) {
    const matrix = resampling(from, to);
    assertEquals(matrix.length, from * to);
    for (let row = 0; row < to; row++) {
      const sum = matrix.subarray(row * from, (row + 1) * from).reduce((total, w) => total + w, 0);
      assertLess(Math.abs(sum - 1), 1e-6);
    }
  }
});
