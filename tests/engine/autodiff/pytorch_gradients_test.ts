import { assert } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { input } from "../../../engine/ir/create.ts";
import { div, gelu, max, mul, sqrt } from "../../../engine/ir/elementwise.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import {
  layerNormalization,
  logSoftmax,
  matMul,
  reduceMax,
  reduceSum,
  reduceSumSquare,
  softmax,
} from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  crossEntropyOfTargets,
  meanSquaredError,
} from "../../../engine/nn/losses.ts";
import { goldenJson, relativeError } from "../../_golden.ts";
import { evaluate, feedsOf, inputsOf, type Sample, valueOf } from "../_run.ts";

interface GoldenCase {
  readonly inputs: readonly (Sample & { readonly gradient: readonly number[] | null })[];
  readonly weights: Sample;
  readonly output: Sample;
}

const golden = goldenJson<{ readonly cases: Record<string, GoldenCase> }>("gradients.json").cases;

function attention(query: Tensor, key: Tensor, value: Tensor): Tensor {
  const scores = matMul(mul(query, 1 / Math.sqrt(Number(query.shape.at(-1)))), transpose(key));
  return matMul(softmax(scores), value);
}

function l2Normalize(x: Tensor): Tensor {
  const norm = sqrt(reduceSumSquare(x, { axes: [-1], keepdims: true }));
  return div(x, max(norm, 1e-12));
}

const functions: Record<string, (...tensors: Tensor[]) => Tensor> = {
  layer_norm: (x, weight, bias) => layerNormalization(x, weight, bias, 1e-6),
  softmax: (x) => softmax(x, 1),
  log_softmax: (x) => logSoftmax(x),
  gelu: (x) => gelu(x),
  gelu_tanh: (x) => gelu(x, "tanh"),
  l2_normalize: l2Normalize,
  batch_matmul: matMul,
  attention,
  amax_ties: (x) => reduceMax(x, { axes: [1] }),
  maximum_ties: max,
  cross_entropy: (x, labels) => crossEntropy(x, labels),
  cross_entropy_smoothed: (x, labels) => crossEntropy(x, labels, 0.1),
  cross_entropy_extreme: (x, labels) => crossEntropy(x, labels, 0.2),
  cross_entropy_targets: crossEntropyOfTargets,
  bce: binaryCrossEntropyWithLogits,
  bce_extreme: binaryCrossEntropyWithLogits,
  mse: meanSquaredError,
};

for (const [name, { inputs, weights, output }] of Object.entries(golden)) {
  Deno.test(`${name} has PyTorch's value and gradients`, async () => {
    const tensors = inputsOf(inputs);
    const value = functions[name](...tensors);
    const wrt = inputs.flatMap(({ gradient }, index) => gradient ? [index] : []);
    const loss = reduceSum(mul(value, input("weights", "float32", weights.shape)));
    const flowing = gradients(loss, wrt.map((index) => tensors[index]));
    const feeds = { ...feedsOf(inputs), weights: valueOf(weights) };
    const [actual, ...actualGradients] = await evaluate([value, ...flowing], feeds);
    const error = relativeError(actual.values, output.values);
    assert(error <= 1e-6, `value: ${error}`);
    assert(wrt.length > 0);
    for (const [position, index] of wrt.entries()) {
      const expected = inputs[index].gradient!;
      const difference = relativeError(actualGradients[position].values, expected);
      assert(difference <= 5e-6, `gradient of argument ${index}: ${difference}`);
    }
  });
}
