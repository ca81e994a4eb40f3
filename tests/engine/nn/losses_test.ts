import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import { gradients } from "../../../engine/autodiff/backward.ts";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  crossEntropyOfTargets,
  meanSquaredError,
} from "../../../engine/nn/losses.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluate, feedsOf, indices, inputsOf, type Sample, sample } from "../_run.ts";

const plain = (logits: Tensor, labels: Tensor) => crossEntropy(logits, labels);

async function lossOf(
  loss: (...tensors: Tensor[]) => Tensor,
  ...samples: readonly Sample[]
): Promise<{ value: number; gradient: readonly number[] }> {
  const inputs = inputsOf(samples);
  const value = loss(...inputs);
  assertEquals(value.shape, []);
  const results = await evaluate([value, ...gradients(value, [inputs[0]])], feedsOf(samples));
  return { value: results[0].values[0], gradient: results[1].values };
}

Deno.test("crossEntropy() of a batch is the mean of its samples", async () => {
  const logits = sample([3, 4], { declared: ["batch", 4] });
  const labels = [1, 3, 0];
  const whole = await lossOf(plain, logits, indices(labels, [3], ["batch"]));
  let sum = 0;
  for (const [row, label] of labels.entries()) {
    const one = { values: logits.values.slice(4 * row, 4 * row + 4), shape: [1, 4] };
    const { value } = await lossOf(plain, one, indices([label]));
    const total = Math.log(one.values.reduce((each, logit) => each + Math.exp(logit), 0));
    assertAlmostEquals(value, total - one.values[label], 1e-6);
    sum += value;
  }
  assertAlmostEquals(whole.value, sum / 3, 1e-6);
});

Deno.test("crossEntropy() of equal logits is log(num_classes), smoothed or not", async () => {
  const logits = { values: Array(10).fill(3), shape: [2, 5] };
  for (const smoothing of [0, 0.1, 1]) {
    const loss = (x: Tensor, y: Tensor) => crossEntropy(x, y, smoothing);
    const { value } = await lossOf(loss, logits, indices([0, 4]));
    assertAlmostEquals(value, Math.log(5), 1e-6);
  }
});

Deno.test("crossEntropy() neither overflows nor loses its gradient at extreme logits", async () => {
  const logits = { values: [100, -100, -100, 100], shape: [2, 2] };
  const { value, gradient } = await lossOf(plain, logits, indices([1, 1]));
  assertAlmostEquals(value, 100, 1e-4);
  assertEquals(gradient, [0.5, -0.5, 0, 0]);
});

Deno.test("crossEntropyOfTargets() of one-hot targets is crossEntropy()", async () => {
  const logits = sample([2, 3]);
  const hot = { values: [0, 0, 1, 1, 0, 0], shape: [2, 3] };
  const [left, right] = [
    await lossOf(plain, logits, indices([2, 0])),
    await lossOf(crossEntropyOfTargets, logits, hot),
  ];
  assertEquals(left, right);
});

Deno.test("crossEntropyOfTargets() takes a class that no target has", async () => {
  const targets = { values: [0, 0.5, 0.5, 0, 1, 0], shape: [2, 3], frozen: true };
  await checkGradients(crossEntropyOfTargets, [sample([2, 3]), targets]);
  const { gradient } = await lossOf(crossEntropyOfTargets, sample([2, 3]), targets);
  // What is not wanted is pushed down, and each sample's gradient sums to zero.
  assert(gradient[0] > 0 && gradient[3] > 0);
  for (const row of [0, 3]) {
    assertAlmostEquals(gradient[row] + gradient[row + 1] + gradient[row + 2], 0, 1e-6);
  }
});

Deno.test("binaryCrossEntropyWithLogits() neither overflows nor loses its gradient", async () => {
  const logits = { values: [100, -100, 100, -100, 0], shape: [5, 1] };
  const targets = { values: [1, 0, 0, 1, 0.5], shape: [5, 1] };
  const { value, gradient } = await lossOf(binaryCrossEntropyWithLogits, logits, targets);
  assertAlmostEquals(value, (200 + Math.log(2)) / 5, 1e-4);
  assertEquals(gradient.map((each) => Math.round(each * 1e6) / 1e6), [0, 0, 0.2, -0.2, 0]);
});

Deno.test("meanSquaredError() is the mean over all entries", async () => {
  const predictions = { values: [1, 2, 3, 4], shape: [2, 2] };
  const targets = { values: [1, 0, 3, 8], shape: [2, 2] };
  const { value, gradient } = await lossOf(meanSquaredError, predictions, targets);
  assertEquals(value, 5);
  assertEquals(gradient, [0, 1, 0, -2]);
});
