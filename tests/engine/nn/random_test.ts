import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { constant, input } from "../../../engine/ir/create.ts";
import { exp } from "../../../engine/ir/elementwise.ts";
import { slice } from "../../../engine/ir/indexing.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { Shape } from "../../../engine/ir/types.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import { evaluate } from "../_run.ts";

const COUNT = 100_000;

function stream(): RandomStream {
  return new RandomStream(input("seed", "uint32", []));
}

function seeded(seed: number, x: readonly number[] | number = COUNT): Record<string, Value> {
  const data = typeof x === "number" ? new Float32Array(x).fill(1) : Float32Array.from(x);
  return {
    seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
    x: { dtype: "float32", shape: [data.length], data },
  };
}

const like = (shape: Shape = ["n"]) => input("x", "float32", shape);

/** What a function of a random stream draws. */
async function drawn(
  draw: (random: RandomStream, x: Tensor) => Tensor,
  feeds: Record<string, Value>,
): Promise<readonly number[]> {
  return (await evaluate([draw(stream(), like())], feeds))[0].values;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Correlation of two sequences; within ±3/√n for independent ones. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  const variance = (values: readonly number[], m: number) => mean(values.map((v) => (v - m) ** 2));
  return product / Math.sqrt(variance(a, meanA) * variance(b, meanB));
}

/** The hash of `engine/nn/random.ts` in plain integers. */
function expectedBits(seed: number, draw: number, index: number): number {
  const mix = (x: number) => {
    let h = x ^ (x >>> 16);
    h = Math.imul(h, 0x7feb352d);
    h ^= h >>> 15;
    h = Math.imul(h, 0x846ca68b);
    return (h ^ (h >>> 16)) >>> 0;
  };
  const golden = 0x9e3779b9;
  const key = mix(mix(seed) ^ Math.imul(draw, golden));
  return mix((Math.imul(index, golden) + key) | 0);
}

Deno.test("RandomStream.bits() is the hash of seed, draw and index", async () => {
  for (const seed of [0, 1, 2 ** 32 - 1]) {
    const [random, x] = [stream(), like()];
    const results = await evaluate([random.bits(x), random.bits(x)], seeded(seed, 50));
    for (const [draw, { values }] of results.entries()) {
      assertEquals(values, Array.from({ length: 50 }, (_, i) => expectedBits(seed, draw + 1, i)));
    }
  }
});

Deno.test("RandomStream draws in the shape asked for", async () => {
  const random = stream();
  const x = input("x", "float32", ["rows", 2, "columns"]);
  const feeds = {
    ...seeded(5),
    x: { dtype: "float32", shape: [3, 2, 4], data: new Float32Array(24) },
  } as const;
  const drawn = [random.uniform(x), random.normal(constant([1, 2], [2, 1]))];
  const scalar = random.uniform(reduceSum(x));
  const results = await evaluate([...drawn, scalar], feeds);
  assertEquals(results.map(({ shape }) => shape), [[3, 2, 4], [2, 1], []]);
  assertEquals(drawn[0].shape, ["rows", 2, "columns"]);
  assertEquals(new Set(results[0].values).size, 24);
});

Deno.test("RandomStream.uniform() is uniform in [0, 1)", async () => {
  const values = await drawn((random, x) => random.uniform(x), seeded(7));
  const bins = new Int32Array(10);
  for (const value of values) {
    assert(value >= 0 && value < 1);
    bins[Math.floor(value * 10)]++;
  }
  for (const count of bins) assertAlmostEquals(count, COUNT / 10, 400);
  assert(Math.abs(correlation(values.slice(1), values.slice(0, -1))) < 0.01);
});

Deno.test("RandomStream.normal() has the moments of the normal distribution", async () => {
  const values = await drawn((random, x) => random.normal(x), seeded(8));
  assert(values.every(Number.isFinite));
  const moments = [1, 2, 3, 4].map((power) => mean(values.map((value) => value ** power)));
  assertAlmostEquals(moments[0], 0, 0.01);
  assertAlmostEquals(moments[1], 1, 0.02);
  assertAlmostEquals(moments[2], 0, 0.04);
  assertAlmostEquals(moments[3], 3, 0.12);
});

Deno.test("RandomStream draws the same for a seed, and anew for another", async () => {
  const draw = (random: RandomStream, x: Tensor) => random.uniform(x);
  const first = await drawn(draw, seeded(1));
  assertEquals(first.slice(0, 1000), (await drawn(draw, seeded(1))).slice(0, 1000));
  const second = await drawn(draw, seeded(2));
  assert(Math.abs(correlation(first, second)) < 0.01);
});

Deno.test("RandomStream draws anew for every draw of a step", async () => {
  const [random, x] = [stream(), like()];
  const [a, b, c] = await evaluate([1, 2, 3].map(() => random.uniform(x)), seeded(3));
  for (const [left, right] of [[a, b], [b, c], [a, c]]) {
    assert(Math.abs(correlation(left.values, right.values)) < 0.01);
  }
});

Deno.test("RandomStream.dropout() zeroes at the rate and keeps the mean", async () => {
  for (const rate of [0.1, 0.25, 0.9]) {
    const values = await drawn((random, x) => random.dropout(x, rate), seeded(4));
    const dropped = values.filter((value) => value === 0).length / COUNT;
    assertAlmostEquals(dropped, rate, 4 * Math.sqrt(rate * (1 - rate) / COUNT));
    const kept = new Set(values.filter((value) => value !== 0));
    assertEquals([...kept], [Math.fround(1 / (1 - rate))]);
  }
});

Deno.test("RandomStream.dropout() drops other entries in other layers and steps", async () => {
  const masks: (readonly number[])[] = [];
  for (const seed of [1, 2]) {
    const [random, x] = [stream(), like()];
    const layers = [random.dropout(x, 0.5), random.dropout(x, 0.5)];
    masks.push(...(await evaluate(layers, seeded(seed))).map(({ values }) => values));
  }
  for (let i = 0; i < masks.length; i++) {
    for (let j = 0; j < i; j++) assert(Math.abs(correlation(masks[i], masks[j])) < 0.015);
  }
});

Deno.test("RandomStream.dropout() has the mask of the forward pass in its gradient", async () => {
  const x = like();
  const y = stream().dropout(x, 0.4);
  const [dx] = gradients(reduceSum(y), [x]);
  const [forward, backward] = await evaluate([y, dx], seeded(9, 1000));
  assertEquals(backward.values, forward.values); // x is 1 everywhere.
  assert(forward.values.includes(0));
  assert(forward.values.some((value) => value > 1));
});

Deno.test("RandomStream.dropout() at rates 0 and 1 needs no random numbers", async () => {
  const x = like();
  const random = stream();
  assertEquals(random.dropout(x, 0), x);
  const { seed: _, ...feeds } = seeded(0, [1, -2, 3]);
  const [none] = await evaluate([exp(random.dropout(x, 1))], feeds);
  assertEquals(none.values, [1, 1, 1]);
});

Deno.test("RandomStream.rows() gives a row the same numbers in any block", async () => {
  const rows = stream().rows();
  const whole = input("x", "float32", [6, 4]);
  const numbered = (...numbers: number[]) => constant(numbers, [numbers.length], "int64");
  const all = numbered(0, 1, 2, 3, 4, 5);
  const [block, row] = [slice(whole, 0, 2, 5), numbered(2, 3, 4)];
  const feeds = seeded(6, 24);
  const results = await evaluate([
    rows.normal(whole, all),
    rows.normal(block, row),
    rows.dropout(whole, all, 0.5),
    rows.dropout(block, row, 0.5),
  ], { ...feeds, x: { ...feeds.x, shape: [6, 4] } });
  const [normal, blockNormal, mask, blockMask] = results.map(({ values }) => values);
  assertEquals(blockNormal, normal.slice(8, 20));
  assertEquals(new Set(normal).size, 24);
  assertEquals(blockMask, mask.slice(8, 20));
  assertEquals(
    mask,
    Array.from({ length: 24 }, (_, i) => expectedBits(6, 1, i) >= 2 ** 31 ? 2 : 0),
  );
});

Deno.test("RandomStream.dropout() throws on a rate that is not a probability", () => {
  for (const rate of [-0.1, 1.1, NaN]) {
    const message = `Cannot drop out at rate ${rate}: expected 0 to 1`;
    assertThrows(() => stream().dropout(like(), rate), RangeError, message);
  }
});
