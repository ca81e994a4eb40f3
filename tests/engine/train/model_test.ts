import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Session } from "../../../engine/runtime/session.ts";
import type { Batch } from "../../../engine/data/data.ts";
import type { TaskInfo } from "../../../engine/train/interfaces.ts";
import { batchFeeds, type Model, modelGraph, modelInputs } from "../../../engine/train/model.ts";
import { batchOf, CLASSES, linearModel } from "./_linear.ts";

const FEATURES = [1, 2, -1, 0.5];
const WEIGHT = [1, 0, 0, 1];

/** Loss and scores of the model with identity weights. */
async function run(model: Model, batch: Batch, labelSmoothing = 0): Promise<[number, number[]]> {
  const { loss, scores } = modelGraph(model, { training: false, labelSmoothing });
  const session = await Session.create({ loss, scores });
  const count = model.numClasses;
  const result = await session.run({
    ...batchFeeds(batch, model, 0),
    "head.fc.weight": { dtype: "float32", shape: [count, 2], data: Float32Array.from(WEIGHT) },
    "head.fc.bias": { dtype: "float32", shape: [count], data: new Float32Array(count) },
  });
  await session.release();
  return [Number(result.loss.data[0]), [...result.scores.data as Float32Array]];
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assertEquals(actual.length, expected.length);
  for (const [index, value] of expected.entries()) assertAlmostEquals(actual[index], value, 1e-6);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

Deno.test("modelGraph() gives cross entropy and softmax for classes", async () => {
  const first = sigmoid(1 - 2);
  const second = sigmoid(-1 - 0.5);
  const batch = batchOf(FEATURES, Int32Array.of(0, 1));
  const [loss, scores] = await run(linearModel(), batch);
  assertClose(scores, [first, 1 - first, second, 1 - second]);
  assertAlmostEquals(loss, -(Math.log(first) + Math.log(1 - second)) / 2, 1e-6);
  const [smoothed] = await run(linearModel(), batch, 0.2);
  const even = -(Math.log(first * (1 - first)) + Math.log(second * (1 - second))) / 4;
  assertAlmostEquals(smoothed, 0.8 * loss + 0.2 * even, 1e-6);
});

Deno.test("modelGraph() gives binary cross entropy and sigmoid for several labels", async () => {
  const task: TaskInfo = { ...CLASSES, subtask: "multilabel" };
  const [loss, scores] = await run(
    linearModel(task),
    batchOf(FEATURES, Float32Array.of(1, 0, 1, 1)),
  );
  const expected = FEATURES.map(sigmoid);
  assertClose(scores, expected);
  const right = [expected[0], 1 - expected[1], expected[2], expected[3]];
  assertAlmostEquals(loss, -right.reduce((sum, p) => sum + Math.log(p), 0) / 4, 1e-6);
});

Deno.test("modelGraph() gives the squared error and the values themselves for regression", async () => {
  const task: TaskInfo = { task: "Regression", subtask: "regression", numClasses: 2 };
  const [loss, scores] = await run(
    linearModel(task),
    batchOf(FEATURES, Float32Array.of(0, 2, 0, 0)),
  );
  assertClose(scores, FEATURES);
  assertAlmostEquals(loss, (1 + 0 + 1 + 0.25) / 4, 1e-6);
});

Deno.test("modelGraph() adds auxiliary losses in training, and names the parts", () => {
  const plain = modelGraph(linearModel(), { training: true });
  assertEquals(plain.parts, {});
  const model = linearModel(CLASSES, true);
  const training = modelGraph(model, { training: true });
  assertEquals(Object.keys(training.parts), ["task", "size", "twice"]);
  assertEquals(training.loss.shape, []);
  const evaluation = modelGraph(model, { training: false });
  assertEquals(evaluation.parts, {});
});

Deno.test("modelInputs() and batchFeeds() agree for bags", () => {
  const model = { ...linearModel(), bags: true };
  const { features, bags, labels } = modelInputs(model);
  assertEquals(features.shape, ["instances", 2]);
  assertEquals(bags?.lengths.shape, ["batch"]);
  assertEquals(labels.shape, ["batch"]);
  const batch: Batch = {
    features: new Float32Array(8),
    rows: 4,
    size: 2,
    lengths: Int32Array.of(1, 3),
    labels: Int32Array.of(0, 1),
    indices: Int32Array.of(0, 1),
  };
  const feeds = batchFeeds(batch, model, 7);
  assertEquals(feeds.features.shape, [4, 2]);
  assertEquals(feeds.lengths.data, BigInt64Array.of(1n, 3n));
  assertEquals(feeds.bag_index.data, BigInt64Array.of(0n, 1n, 1n, 1n));
  assertEquals(feeds.random_seed.data, Uint32Array.of(7));
  assert(!("lengths" in batchFeeds({ ...batch, lengths: undefined }, model, 7)));
});
