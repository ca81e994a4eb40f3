import { assert, assertEquals, assertLess } from "@std/assert";
import { input } from "../../../../engine/ir/create.ts";
import { mul } from "../../../../engine/ir/elementwise.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { conv } from "../../../../engine/ir/windows.ts";
import { frozen, Parameters } from "../../../../engine/nn/scope.ts";
import { batchNorm, channelAffine } from "../../../../engine/nn/vision/batch_norm.ts";
import { emit } from "../../../../engine/onnx/emit.ts";
import { relativeError } from "../../../_golden.ts";
import { EVALUATION, ruleImages, ruleWeights, runOnRule } from "../../../_timm.ts";
import { checkGradients } from "../../_gradient_check.ts";
import { evaluateOn, inputsOf, sample } from "../../_run.ts";

const at = [
  sample([2, 3, 4, 3]),
  sample([2, 3, 3, 3], { seed: 2 }),
  sample([2], { seed: 3 }),
  sample([2], { seed: 4 }),
  sample([2], { seed: 5 }),
];
/** Maps, weight, scale, shift, and maybe a bias. */
type Build = (...tensors: Tensor[]) => Tensor;
const folded: Build = (x, weight, scale, shift, bias) =>
  channelAffine(conv(x, weight, { bias, padding: 1 }), scale, shift);
/** The same, with an operator between convolution and scale. */
const apart: Build = (x, weight, scale, shift, bias) =>
  channelAffine(mul(conv(x, weight, { bias, padding: 1 }), 1), scale, shift);

Deno.test("channelAffine() puts scale and shift into a convolution just before", async () => {
  for (const samples of [at, at.slice(0, 4)]) {
    const operators = emit({ y: folded(...inputsOf(samples)) }).nodes.map(({ op }) => op);
    assertEquals(operators.filter((op) => op === "Conv").length, 1);
    assertEquals(operators.at(-1), "Conv");
    const { values } = await evaluateOn(folded, ...samples);
    assertLess(relativeError(values, (await evaluateOn(apart, ...samples)).values), 1e-6);
  }
});

Deno.test("channelAffine() has the gradient of finite differences", async () => {
  for (const build of [folded, apart]) await checkGradients(build, at);
});

Deno.test("batchNorm() is (x − mean) / √(var + eps) · weight + bias", async () => {
  const parameters = new Parameters();
  const norm = batchNorm(parameters.scope(), 3);
  const { y } = await runOnRule(
    parameters.list(),
    (x) => ({ y: norm(x, EVALUATION) }),
    [3, 2, 2],
  );
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
    .map((name) => ruleWeights(name, [3]));
  const images = ruleImages([3, 2, 2]).data as Float32Array;
  const expected = Array.from(images, (value, index) => {
    const c = Math.floor(index / 4) % 3;
    return (value - mean[c]) / Math.sqrt(variance[c] + 1e-5) * weight[c] + bias[c];
  });
  assertLess(relativeError(y.data as Float32Array, expected), 1e-6);
});

Deno.test("batchNorm() trains weight and bias, and neither in a frozen scope", () => {
  const parameters = new Parameters();
  batchNorm(parameters.scope().child("bn1"), 3);
  const trained = parameters.list().map(({ name, trainable }) => [name, trainable]);
  assertEquals(trained, [
    ["bn1.weight", true],
    ["bn1.bias", true],
    ["bn1.running_mean", false],
    ["bn1.running_var", false],
  ]);
  const fixed = new Parameters();
  batchNorm(frozen(fixed.scope()), 3);
  assert(fixed.list().every(({ trainable }) => !trainable));
});

/** Mean and variance of a channel over images `[2, channels, height, width]`, in double precision. */
function statistics(images: Float32Array, channel: number, [channels, size]: [number, number]) {
  const values = [...images].filter((_, i) => Math.floor(i / size) % channels === channel);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, biased: squares / values.length, unbiased: squares / (values.length - 1) };
}

async function checkTraining(momentum?: number): Promise<void> {
  const parameters = new Parameters();
  const norm = batchNorm(parameters.scope(), 3, { momentum });
  const updates: Record<string, Tensor> = {};
  const update = ({ node }: Tensor, next: Tensor) => {
    assert(node.op === "Input");
    updates[`next ${node.attributes.name}`] = next;
  };
  const results = await runOnRule<string>(
    parameters.list(),
    (x) => ({ y: norm(x, { ...EVALUATION, training: true, update }), ...updates }),
    [3, 2, 4],
  );
  assertEquals(Object.keys(updates), ["next running_mean", "next running_var"]);
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
    .map((name) => ruleWeights(name, [3]));
  const images = ruleImages([3, 2, 4]).data as Float32Array;
  const channels = [0, 1, 2].map((channel) => statistics(images, channel, [3, 8]));
  const expected = Array.from(images, (value, index) => {
    const c = Math.floor(index / 8) % 3;
    const { mean, biased } = channels[c];
    return (value - mean) / Math.sqrt(biased + 1e-5) * weight[c] + bias[c];
  });
  const near = (name: string, values: number[]) =>
    assertLess(relativeError(results[name].data as Float32Array, values), 1e-5);
  near("y", expected);
  const share = momentum ?? 0.1;
  near("next running_mean", channels.map((own, c) => (1 - share) * mean[c] + share * own.mean));
  near(
    "next running_var",
    channels.map((own, c) => (1 - share) * variance[c] + share * own.unbiased),
  );
}

Deno.test("batchNorm() in training normalises by the batch and moves running statistics", async () => {
  await checkTraining();
  await checkTraining(0.01);
});

Deno.test("batchNorm() in a frozen scope trains with its running statistics", () => {
  const norm = batchNorm(frozen(new Parameters().scope()), 2);
  const update = () => {
    throw new Error("updated");
  };
  const x = input("x", "float32", ["batch", 2, 4, 4]);
  const operators = (training: boolean) =>
    emit({ y: norm(x, { ...EVALUATION, training, update }) }).nodes.map(({ op }) => op);
  assertEquals(operators(true), operators(false));
});

Deno.test("two batchNorm() of one width keep their statistics apart", async () => {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const [first, second] = ["a", "b"].map((name) => batchNorm(scope.child(name), 3));
  const context = { ...EVALUATION, training: true };
  const both = await runOnRule(
    parameters.list(),
    (x) => ({ y: first(x, context), z: second(mul(x, x), context) }),
    [3, 2, 4],
  );
  for (const [name, layer, squared] of [["y", first, false], ["z", second, true]] as const) {
    const alone = await runOnRule(
      parameters.list(),
      (x) => ({ [name]: layer(squared ? mul(x, x) : x, context) }),
      [3, 2, 4],
    );
    assertEquals(both[name].data, alone[name].data);
  }
});
