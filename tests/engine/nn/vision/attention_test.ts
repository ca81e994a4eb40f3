import { assertEquals, assertLess, assertThrows } from "@std/assert";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { Parameters, type Scope } from "../../../../engine/nn/scope.ts";
import {
  type AttentionLayer,
  type AttentionOptions,
  ATTENTIONS,
} from "../../../../engine/nn/vision/attention.ts";
import { layerNorm, rmsNorm } from "../../../../engine/nn/vision/norms.ts";
import { relativeError } from "../../../_golden.ts";
import {
  checkLayerGradients,
  EVALUATION,
  ruleImages,
  ruleWeights,
  runOnRule,
  shapesOf,
} from "../../../_timm.ts";

const OPTIONS: AttentionOptions = {
  dim: 8,
  heads: 2,
  qkvBias: true,
  projBias: true,
  attnDrop: 0,
  projDrop: 0,
  index: 1,
};
const TOKENS = 3;

function declare(layer: AttentionLayer, options: Partial<AttentionOptions> = {}) {
  return (scope: Scope) => {
    const built = layer(scope, { ...OPTIONS, ...options });
    return (x: Tensor) => built(x, EVALUATION);
  };
}

function linear(rows: readonly number[][], name: string, outputs: number): number[][] {
  const inputs = rows[0].length;
  const weight = ruleWeights(`${name}.weight`, [outputs, inputs]);
  const bias = ruleWeights(`${name}.bias`, [outputs]);
  return rows.map((x) =>
    Array.from(
      bias,
      (start, row) => x.reduce((sum, v, at) => sum + v * weight[row * inputs + at], start),
    )
  );
}

/** `softmax(q kᵀ / √width) v` on the columns of one head, in float64. */
function attend(
  qkv: readonly number[][],
  [from, to]: readonly [number, number],
): number[][] {
  const part = (row: readonly number[], at: number) => row.slice(at * 8 + from, at * 8 + to);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0);
  return qkv.map((row) => {
    const scores = qkv.map((other) =>
      Math.exp(dot(part(row, 0), part(other, 1)) / Math.sqrt(to - from))
    );
    const total = scores.reduce((sum, score) => sum + score, 0);
    return part(row, 2).map((_, column) =>
      qkv.reduce((sum, other, at) => sum + scores[at] / total * part(other, 2)[column], 0)
    );
  });
}

Deno.test("attention() is softmax attention, head by head", async () => {
  const parameters = new Parameters();
  const forward = declare(ATTENTIONS.attn)(parameters.scope());
  const { y } = await runOnRule(parameters.list(), (x) => ({ y: forward(x) }), [TOKENS, 8]);
  const x = [...ruleImages([TOKENS, 8]).data as Float32Array];
  const wanted = [0, 1].flatMap((sample) => {
    const rows = Array.from(
      { length: TOKENS },
      (_, token) => x.slice((sample * TOKENS + token) * 8, (sample * TOKENS + token + 1) * 8),
    );
    const qkv = linear(rows, "qkv", 24);
    const [first, second] = [attend(qkv, [0, 4]), attend(qkv, [4, 8])];
    return linear(first.map((row, token) => [...row, ...second[token]]), "proj", 8).flat();
  });
  assertLess(relativeError(y.data as Float32Array, wanted), 2e-6);
});

Deno.test("attention() and diffAttention() have the gradients of finite differences", async () => {
  for (const layer of [ATTENTIONS.attn, ATTENTIONS.diff]) {
    // A bias of the keys' norm would add the same to all scores, and have no gradient.
    const norms = { qkNorm: rmsNorm, scaleNorm: layerNorm };
    await checkLayerGradients(declare(layer, norms), [2, TOKENS, 8], {
      step: 2e-3,
      tolerance: 1e-2,
    });
  }
});

Deno.test("attention() declares timm's parameters", () => {
  const names = (layer: AttentionLayer, options: Partial<AttentionOptions> = {}) => {
    const parameters = new Parameters();
    declare(layer, options)(parameters.scope());
    return shapesOf(parameters.list());
  };
  assertEquals(names(ATTENTIONS.attn, { qkvBias: false, projBias: false }), {
    "qkv.weight": [24, 8],
    "proj.weight": [8, 8],
  });
  assertEquals(names(ATTENTIONS[""], { qkNorm: layerNorm })["q_norm.weight"], [4]);
  const diff = names(ATTENTIONS.diff, { qkNorm: layerNorm, scaleNorm: layerNorm });
  assertEquals(diff["k_norm.bias"], [2]);
  assertEquals(diff["lambda_q1"], [2]);
  assertEquals(diff["sub_norm.weight"], [4]);
  assertEquals(diff["norm.weight"], [8]);
});

Deno.test("diffAttention() wants heads of even width", () => {
  const scope = new Parameters().scope();
  assertThrows(() => declare(ATTENTIONS.diff, { heads: 8 })(scope), RangeError, "received 8 of 8");
});
