import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { gradients } from "../../../../engine/autodiff/backward.ts";
import { input, scalar } from "../../../../engine/ir/create.ts";
import { mul } from "../../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../../engine/ir/matrix.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { patchDropout } from "../../../../engine/nn/vision/patch_dropout.ts";
import { EVALUATION } from "../../../_timm.ts";
import { evaluate } from "../../_run.ts";

const [SAMPLES, TOKENS, DIM] = [300, 8, 2];
const x = input("x", "float32", ["batch", TOKENS, DIM]);
/** Each number says where it stands: 100 · sample + token, twice. */
const data = Float32Array.from(
  { length: SAMPLES * TOKENS * DIM },
  (_, i) => 100 * Math.floor(i / (TOKENS * DIM)) + Math.floor(i / DIM) % TOKENS,
);
const feeds = { x: { dtype: "float32", shape: [SAMPLES, TOKENS, DIM], data } } as const;
const training = () => ({ training: true, random: new RandomStream(scalar(3, "uint32")) });

Deno.test("patchDropout() keeps all prefix tokens and some patches of each image", async () => {
  const [{ values, shape }] = await evaluate([patchDropout(0.4, 2)(x, training())], feeds);
  assertEquals(shape, [SAMPLES, 2 + 3, DIM]); // 60 % of 6 patches, rounded down
  const counts = Array<number>(TOKENS).fill(0);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const own = values.slice(sample * 5 * DIM, (sample + 1) * 5 * DIM);
    const tokens = own.filter((_, index) => index % DIM === 0).map((value) => value - 100 * sample);
    assertEquals(own.filter((_, index) => index % DIM === 1).map((v) => v - 100 * sample), tokens);
    assertEquals(tokens.slice(0, 2), [0, 1]);
    assertEquals(new Set(tokens.slice(2)).size, 3);
    for (const token of tokens) counts[token]++;
  }
  assertEquals(counts.slice(0, 2), [SAMPLES, SAMPLES]);
  for (const count of counts.slice(2)) assert(Math.abs(count / SAMPLES - 0.5) < 0.12, `${counts}`);
});

Deno.test("patchDropout() keeps at least one patch, and needs no prefix", async () => {
  const [{ values, shape }] = await evaluate([patchDropout(0.99, 0)(x, training())], feeds);
  assertEquals(shape, [SAMPLES, 1, DIM]);
  assert(new Set(values.map((value) => value % 100)).size === TOKENS);
});

Deno.test("patchDropout() sends gradients to the patches that stay", async () => {
  const kept = patchDropout(0.5, 1)(x, training());
  const [gradient] = gradients(reduceSum(mul(kept, kept)), [x]);
  const [tokens, { values }] = await evaluate([kept, gradient], feeds);
  const expected = new Float32Array(data.length);
  for (const [index, value] of tokens.values.entries()) {
    const [sample, token] = [Math.floor(value / 100), value % 100];
    expected[(sample * TOKENS + token) * DIM + index % DIM] = 2 * value;
  }
  assertEquals(values, [...expected]);
});

Deno.test("patchDropout() does nothing in evaluation and at rate 0", () => {
  assertStrictEquals(patchDropout(0.5, 1)(x, EVALUATION), x);
  assertStrictEquals(patchDropout(0, 1)(x, training()), x);
});
