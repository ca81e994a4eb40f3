import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { microBatchSize } from "../../../engine/train/micro_batches.ts";
import { relativeError } from "../../_golden.ts";
import { descent, perceptron, randomBatch, rowsOf, snapshot, training } from "./_models.ts";

/** Updates from 16 samples in batches of 7, 7 and 2, and what each batch gave. */
async function train(microBatch: number | undefined, accumulate: number) {
  const model = perceptron([5, 4, 3]);
  const { state, step } = await training(model, descent, {
    accumulate,
    clipNorm: 0.1,
    outputs: { scores: model.logits },
    microBatch,
  });
  const batch = randomBatch([16, 5], 3, 1);
  const results = [];
  for (const [start, end] of [[0, 7], [7, 14], [14, 16]]) {
    const { loss, scores, grad_norm } = await step.run(rowsOf(batch, start, end), 0.5, end === 16);
    const numbers = [loss, ...grad_norm ? [grad_norm] : []].map(({ data }) => Number(data[0]));
    results.push({ numbers, shape: scores.shape, scores: [...scores.data].map(Number) });
  }
  await step.release();
  return { results, parameters: snapshot(state), updates: state.step };
}

for (const accumulate of [1, 2]) {
  Deno.test(`TrainStep trains by micro-batches as by ${accumulate} whole batches`, async () => {
    const whole = await train(undefined, accumulate);
    for (const size of [1, 3, 6, 7, 100]) {
      const parts = await train(size, accumulate);
      assertEquals(parts.updates, whole.updates);
      for (const [index, { numbers, shape, scores }] of parts.results.entries()) {
        const expected = whole.results[index];
        assertEquals(shape, expected.shape);
        assertLess(relativeError(scores, expected.scores), 1e-5);
        assertLess(relativeError(numbers, expected.numbers), 1e-5);
      }
      for (const [name, values] of Object.entries(parts.parameters)) {
        assertLess(relativeError(values, whole.parameters[name]), 1e-5, name);
      }
    }
  });
}

Deno.test("micro-batches draw random numbers of their own, the same in each run", async () => {
  const model = perceptron([5, 3]);
  const seed = input("random_seed", "uint32", []);
  const draws = new RandomStream(seed).uniform(model.logits);
  const { step } = await training(
    { ...model, loss: add(model.loss, mul(reduceMean(draws), 0)) },
    descent,
    { outputs: { draws }, microBatch: 2 },
  );
  const random_seed = { dtype: "uint32", shape: [], data: Uint32Array.of(5) } as const;
  const run = async () => {
    const { draws } = await step.run({ ...randomBatch([6, 5], 3, 1), random_seed }, 0);
    return [...draws.data].map(Number);
  };
  const first = await run();
  assertEquals(await run(), first);
  await step.release();
  assertEquals(first.length, 18);
  assertEquals(new Set(first).size, 18);
});

/** What a perceptron is as a model of images; only the numbers of a sample are looked at. */
function images() {
  const { parameters, loss, logits } = perceptron([5, 3]);
  const model = { bags: false, sampleShape: [3, 224, 224], parameters };
  return { model, graph: { loss, output: { logits }, updates: {}, parts: {} } };
}

Deno.test("microBatchSize() takes four images of 224 pixels, and more smaller ones", () => {
  const { model, graph } = images();
  const sizeOf = (sampleShape: number[], batchSize = 512) =>
    microBatchSize({ ...model, sampleShape }, graph, batchSize);
  assertEquals(sizeOf([3, 224, 224]), 4);
  assertEquals(sizeOf([3, 32, 32]), 196);
  assertEquals(sizeOf([3, 1024, 1024]), 1);
  assertEquals(sizeOf([3, 224, 224], 4), undefined);
  assertEquals(sizeOf([3, 32, 32], 50), undefined);
});

Deno.test("microBatchSize() leaves batches whole whose samples see each other", () => {
  const { model, graph } = images();
  const { loss, output: { logits } } = graph;
  assertNotEquals(microBatchSize(model, graph, 16), undefined);
  assertEquals(microBatchSize({ ...model, sampleShape: [1536] }, graph, 512), undefined);
  assertEquals(microBatchSize({ ...model, bags: true }, graph, 16), undefined);
  const mean = reduceMean(logits, { axes: [0], keepdims: true });
  const others = [
    { updates: { mean: loss } },
    { parts: { task: loss } },
    { loss: add(loss, input("mix_share", "float32", [])) },
    { output: { logits: add(logits, mean) } },
  ];
  for (const other of others) {
    assertEquals(microBatchSize(model, { ...graph, ...other }, 16), undefined);
  }
});
