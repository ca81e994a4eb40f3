/** Running statistics through training steps: which batches count, and where they are kept. */
import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { input, scalar } from "../../../engine/ir/create.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { crossEntropy } from "../../../engine/nn/losses.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { batchNorm } from "../../../engine/nn/vision/batch_norm.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import { descent, randomBatch } from "./_models.ts";

const CHANNELS = 4;

/** Batch normalisation of rows, and a linear layer. */
async function training(accumulate: number) {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const updates: Record<string, Tensor> = {};
  const context = {
    training: true,
    random: new RandomStream(scalar(0, "uint32")),
    update: ({ node }: Tensor, next: Tensor) => {
      if (node.op === "Input") updates[node.attributes.name] = next;
    },
  };
  const x = input("features", "float32", ["batch", CHANNELS]);
  const maps = reshape(x, ["batch", CHANNELS, 1, 1]);
  const normal = batchNorm(scope.child("bn"), CHANNELS)(maps, context);
  const logits = scope.linear("fc", CHANNELS, 2)(reshape(normal, ["batch", CHANNELS]), context);
  const loss = crossEntropy(logits, input("labels", "int64", ["batch"]));
  const list = parameters.list();
  const state = await TrainState.create(list, 1);
  await state.addOptimizer(list, descent);
  const step = await TrainStep.create({
    parameters: list,
    loss,
    outputs: {},
    updates,
    optimizer: descent,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }),
    accumulate,
  }, state);
  return { state, step };
}

/** What PyTorch's running statistics are after some batches. */
function running(batches: readonly (readonly number[])[]) {
  const [mean, variance] = [new Array(CHANNELS).fill(0), new Array(CHANNELS).fill(1)];
  for (const values of batches) {
    const rows = values.length / CHANNELS;
    for (let c = 0; c < CHANNELS; c++) {
      const column = values.filter((_, index) => index % CHANNELS === c);
      const average = column.reduce((sum, value) => sum + value, 0) / rows;
      const squares = column.reduce((sum, value) => sum + (value - average) ** 2, 0);
      mean[c] = 0.9 * mean[c] + 0.1 * average;
      variance[c] = 0.9 * variance[c] + 0.1 * squares / (rows - 1);
    }
  }
  return { mean, variance };
}

for (const accumulate of [1, 2]) {
  Deno.test(`running statistics follow every batch, ${accumulate} to an update`, async () => {
    const { state, step } = await training(accumulate);
    const before = [...state.parameter("fc.weight").data];
    const seen: number[][] = [];
    for (let index = 0; index < 5; index++) {
      const batch = randomBatch([3 + index, CHANNELS], 2, 10 + index);
      await step.run(batch, 0.1);
      seen.push([...batch.features.data as Float32Array]);
      const { mean, variance } = running(seen);
      for (let c = 0; c < CHANNELS; c++) {
        assertLess(Math.abs(state.parameter("bn.running_mean").data[c] - mean[c]), 1e-6);
        assertLess(Math.abs(state.parameter("bn.running_var").data[c] - variance[c]), 1e-6);
      }
    }
    await step.release();
    assertEquals([state.batches, state.step], [5, Math.floor(5 / accumulate)]);
    assertEquals(state.statistics(), ["bn.running_mean", "bn.running_var"]);
    assertNotEquals([...state.parameter("fc.weight").data], before);
  });
}

Deno.test("TrainState.swapStatistics() leaves weights alone, and swap() statistics", async () => {
  const { state, step } = await training(1);
  await step.release();
  const buffers = () => ["bn.running_mean", "bn.weight"].map((name) => state.front(name));
  const [mean, weight] = buffers();
  state.swapStatistics();
  assertEquals(buffers()[0] === mean, false);
  assertEquals(buffers()[1] === weight, true);
  state.swapStatistics();
  state.swap();
  assertEquals(buffers()[0] === mean, true);
  assertEquals(buffers()[1] === weight, false);
});
