import { assert, assertEquals } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import { type AggregationMethod, poolMaps, poolTokens } from "../../../engine/nn/pooling.ts";
import { relativeError } from "../../_golden.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluateOn, inputsOf, sample } from "../_run.ts";

const [BATCH, TOKENS, WIDTH] = [2, 5, 3];
const tokens = sample([BATCH, TOKENS, WIDTH], { declared: ["batch", TOKENS, WIDTH] });

/** Sum of a sample's tokens, from `start` to the last. */
function sumOfTokens(batch: number, start: number): number[] {
  return Array.from({ length: WIDTH }, (_, column) => {
    let sum = 0;
    for (let token = start; token < TOKENS; token++) {
      sum += tokens.values[(batch * TOKENS + token) * WIDTH + column];
    }
    return sum;
  });
}

const first = (batch: number) => {
  return tokens.values.slice(batch * TOKENS * WIDTH, batch * TOKENS * WIDTH + WIDTH);
};

const PREFIX = 2;
const average = (batch: number, start: number) =>
  sumOfTokens(batch, start).map((sum) => sum / (TOKENS - start));

const expected: Record<AggregationMethod, (batch: number) => number[]> = {
  cls_token: first,
  avg: (batch) => average(batch, PREFIX),
  sum: (batch) => sumOfTokens(batch, PREFIX),
  mean_all: (batch) => average(batch, 0),
  joint: (batch) => [...first(batch), ...average(batch, PREFIX)],
};

for (const [name, embedding] of Object.entries(expected)) {
  Deno.test(`poolTokens() by ${name}, where two tokens precede the patches`, async () => {
    const pool = (x: Tensor) => poolTokens(x, name as AggregationMethod, PREFIX);
    const result = await evaluateOn(pool, tokens);
    const values = [0, 1].flatMap(embedding);
    assertEquals(result.shape, [BATCH, values.length / BATCH]);
    assert(relativeError(result.values, values) <= 1e-6);
    assertEquals(pool(inputsOf([tokens])[0]).shape, ["batch", values.length / BATCH]);
    await checkGradients(pool, [tokens]);
  });
}

Deno.test("poolTokens() by avg takes all tokens where none precede the patches", async () => {
  const { values } = await evaluateOn((x) => poolTokens(x, "avg", 0), tokens);
  assert(relativeError(values, [0, 1].flatMap((batch) => average(batch, 0))) <= 1e-6);
});

Deno.test("poolMaps() averages each map over its positions", async () => {
  const maps = { values: [1, 2, 3, 6, -1, -1, 0, 0], shape: [1, 2, 2, 2] };
  const { shape, values } = await evaluateOn(poolMaps, maps);
  assertEquals([shape, values], [[1, 2], [3, -0.5]]);
});
