import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import { frozen, linear, Parameters } from "../../../engine/nn/scope.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { adamW } from "../../../plugins/optimizer/AdamW.ts";
import { goldenJson, goldenTensors, relativeError } from "../../_golden.ts";
import {
  assertSameNumbers,
  descent,
  momentum,
  perceptron,
  randomBatch,
  rowsOf,
  snapshot,
  training,
  withState,
} from "./_models.ts";
import { referenceTraining } from "./_reference.ts";

const adam = adamW.create({}, { lr: 0.01 });

interface GoldenTraining {
  readonly epochs: number;
  readonly batch_size: number;
  readonly optimizer: { readonly lr: number; readonly warmup_epochs: number };
  readonly step_losses: readonly number[];
  readonly grad_norms_before_clip: readonly number[];
}

Deno.test("TrainStep trains a linear classifier as PyTorch does", async () => {
  const golden = goldenJson<GoldenTraining>("linear_training.json");
  const tensors = goldenTensors("linear_training.safetensors");
  const model = perceptron([12, 5], 0.1);
  const { state, step } = await training(model, adam, { clipNorm: 1 });
  state.parameter("layers.0.weight").data.set(tensors["init.weight"].data);
  state.parameter("layers.0.bias").data.set(tensors["init.bias"].data);
  const [rows] = tensors.labels.shape;
  const data: Record<string, Value> = {
    features: { dtype: "float32", ...tensors.features },
    labels: {
      dtype: "int64",
      shape: [rows],
      data: BigInt64Array.from(tensors.labels.data, BigInt),
    },
  };
  const warmup = golden.optimizer.warmup_epochs;
  let update = 0;
  for (let epoch = 0; epoch < golden.epochs; epoch++) {
    const factor = epoch < warmup
      ? (epoch + 1) / (warmup + 1)
      : (1 + Math.cos(Math.PI * (epoch - warmup) / (golden.epochs - warmup))) / 2;
    for (let start = 0; start < rows; start += golden.batch_size) {
      const batch = rowsOf(data, start, Math.min(start + golden.batch_size, rows));
      const { loss, grad_norm } = await step.run(batch, golden.optimizer.lr * factor);
      assertAlmostEquals(Number(loss.data[0]), golden.step_losses[update], 1e-5);
      assertAlmostEquals(Number(grad_norm.data[0]), golden.grad_norms_before_clip[update], 1e-4);
      update++;
    }
  }
  await step.release();
  assertEquals(update, golden.step_losses.length);
  for (const name of ["weight", "bias"]) {
    const error = relativeError(
      state.parameter(`layers.0.${name}`).data,
      tensors[`final.${name}`].data,
    );
    assert(error <= 1e-4, `${name}: ${error}`);
  }
});

Deno.test("TrainStep returns the outputs asked for and nothing else", async () => {
  const model = perceptron([6, 3]);
  const batch = randomBatch([4, 6], 3, 1);
  const plain = await training(model, momentum, { outputs: { logits: model.logits } });
  const result = await plain.step.run(batch, 0.1);
  assertEquals(Object.keys(result).toSorted(), ["logits", "loss"]);
  assertEquals([...result.logits.shape], [4, 3]);
  assertEquals([...result.loss.shape], []);
  await plain.step.release();
  const accumulating = await training(model, momentum, { accumulate: 2, clipNorm: 1 });
  assertEquals(Object.keys(await accumulating.step.run(batch, 0.1)), ["loss"]);
  assertEquals(Object.keys(await accumulating.step.run(batch, 0.1)), ["loss", "grad_norm"]);
  await accumulating.step.release();
});

/** Parameters after one update on a batch, cut into pieces. */
async function afterOneUpdate(
  batch: Record<string, Value>,
  cuts: readonly number[],
  accumulate: number,
): Promise<Record<string, number[]>> {
  const { state, step } = await training(perceptron([6, 8, 3]), descent, { accumulate });
  for (let i = 1; i < cuts.length; i++) {
    await step.run(rowsOf(batch, cuts[i - 1], cuts[i]), 1, i === cuts.length - 1);
  }
  assertEquals(state.step, 1);
  await step.release();
  return snapshot(state);
}

function assertClose(actual: Record<string, number[]>, expected: Record<string, number[]>): void {
  assertEquals(Object.keys(actual), Object.keys(expected));
  for (const [name, values] of Object.entries(actual)) {
    const error = relativeError(values, expected[name]);
    assert(error <= 1e-6, `${name}: ${error}`);
  }
}

Deno.test("TrainStep accumulates to the gradient of the whole batch", async () => {
  const batch = randomBatch([16, 6], 3, 5);
  const whole = await afterOneUpdate(batch, [0, 16], 1);
  assertClose(await afterOneUpdate(batch, [0, 4, 8, 12, 16], 4), whole);
  assertClose(await afterOneUpdate(batch, [0, 8, 16], 2), whole);
});

Deno.test("TrainStep weighs accumulated batches alike, whatever their size", async () => {
  // As PyTorch's loss / n: the mean of the batches' means.
  const batch = randomBatch([6, 6], 3, 6);
  const uneven = await afterOneUpdate(batch, [0, 4, 6], 2);
  const twice = { ...rowsOf(batch, 0, 4) };
  const repeated = {
    features: concatRows(twice.features, rowsOf(batch, 4, 6).features, 2),
    labels: concatRows(twice.labels, rowsOf(batch, 4, 6).labels, 2),
  };
  assertClose(uneven, await afterOneUpdate(repeated, [0, 8], 1));
});

/** Rows of `a`, then those of `b` several times. */
function concatRows(a: Value, b: Value, times: number): Value {
  const list = [...a.data, ...Array(times).fill([...b.data]).flat()];
  const shape = [a.shape[0] + times * b.shape[0], ...a.shape.slice(1)];
  const data = a.dtype === "int64" ? BigInt64Array.from(list) : Float32Array.from(list);
  return { dtype: a.dtype, shape, data };
}

Deno.test("TrainStep flushes with the full divisor, and starts the next update afresh", async () => {
  const batch = randomBatch([4, 6], 3, 7);
  const model = perceptron([6, 3]);
  const full = await training(model, descent);
  const part = await training(model, descent, { accumulate: 4 });
  const before = snapshot(full.state);
  await full.step.run(batch, 0.25);
  await part.step.run(batch, 1, true);
  assertClose(snapshot(part.state), snapshot(full.state));
  assertNotEquals(snapshot(part.state), before);
  // The accumulators are empty again: the same happens once more.
  await full.step.run(batch, 0.25);
  await part.step.run(batch, 1, true);
  assertClose(snapshot(part.state), snapshot(full.state));
  // Fewer batches than asked for do not update.
  const waiting = snapshot(part.state);
  for (let i = 0; i < 3; i++) await part.step.run(batch, 1);
  assertEquals(snapshot(part.state), waiting);
  await part.step.run(batch, 1);
  assertNotEquals(snapshot(part.state), waiting);
  assertEquals(part.state.step, 3);
  await full.step.release();
  await part.step.release();
});

/** The update that descent with a learning rate of 1 makes: the negative gradient. */
async function updateOf(clipNorm: number | undefined) {
  const { state, step } = await training(perceptron([6, 3]), descent, { clipNorm });
  const before = snapshot(state);
  const { grad_norm } = await step.run(randomBatch([4, 6], 3, 8), 1);
  await step.release();
  const after = snapshot(state);
  const update = Object.keys(before).flatMap((name) =>
    before[name].map((value, i) => after[name][i] - value)
  );
  return { update, norm: grad_norm === undefined ? undefined : Number(grad_norm.data[0]) };
}

Deno.test("TrainStep clips to the norm, and leaves smaller gradients as they are", async () => {
  const free = await updateOf(undefined);
  const norm = Math.hypot(...free.update);
  assertEquals(free.norm, undefined);
  const loose = await updateOf(norm * 1.01);
  assertEquals(loose.update, free.update);
  const tight = await updateOf(norm / 3);
  assertAlmostEquals(tight.norm!, norm, 1e-5);
  assertAlmostEquals(Math.hypot(...tight.update), norm / 3, 1e-5);
  const error = relativeError(tight.update, free.update.map((value) => value / 3));
  assert(error <= 1e-5, `${error}`);
});

Deno.test("TrainStep on two threads writes no buffer that is still read", async () => {
  const batches = Array.from({ length: 40 }, (_, i) => randomBatch([64, 160], 10, 100 + 2 * i));
  const model = perceptron([160, 192, 128, 10]);
  const { state, step } = await training(model, adam, { session: { threads: 2 } });
  const initial = snapshot(state);
  for (const batch of batches) await step.run(batch, 0.01);
  await step.release();
  const expected = await referenceTraining(model, adam, batches, { initial, lr: 0.01 });
  assertSameNumbers(snapshot(state), expected);
  for (const name of Object.keys(initial)) assertNotEquals(expected[name][0], initial[name][0]);
});

Deno.test("TrainStep gives the same bits in every run", async () => {
  const runs: Record<string, number[]>[] = [];
  for (const _ of [1, 2]) {
    const { state, step } = await training(perceptron([32, 64, 5]), adam, {
      session: { threads: 2 },
      clipNorm: 1,
      accumulate: 2,
    });
    for (let i = 0; i < 20; i++) await step.run(randomBatch([33, 32], 5, i), 0.01);
    await step.release();
    runs.push(snapshot(state));
  }
  assertSameNumbers(runs[0], runs[1]);
});

Deno.test("TrainStep shares its buffers with a session that evaluates", async () => {
  const model = perceptron([6, 3]);
  const batch = randomBatch([4, 6], 3, 9);
  const { state, step } = await training(model, momentum, { outputs: { logits: model.logits } });
  const evaluation = await Session.create({ logits: model.logits }, { threads: 1 });
  const evaluate = async () => {
    const parameters = Object.fromEntries(state.names().map((name) => [name, state.front(name)]));
    return [...(await evaluation.run({ ...parameters, ...batch })).logits.data];
  };
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const before = await evaluate();
    const { logits } = await step.run(batch, 0.1);
    assertEquals(before, [...logits.data]);
    seen.add(before.join());
  }
  assertEquals(seen.size, 4);
  await step.release();
  await evaluation.release();
});

Deno.test("TrainStep leaves frozen parameters alone", async () => {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const context = perceptron([1, 1]);
  assertEquals(context.parameters.length, 2);
  const body = frozen(scope.child("body"));
  const weight = body.parameter("weight", [4, 6], (shape, random) => {
    return Float32Array.from({ length: shape[0] * shape[1] }, () => random.normal());
  });
  const head = scope.parameter("head", [3, 4], () => new Float32Array(12).fill(0.5));
  const x = input("features", "float32", ["batch", 6]);
  const loss = reduceSum(mul(linear(linear(x, weight), head), 0.1));
  const model = { parameters: parameters.list(), logits: loss, loss };
  const { state, step } = await training(model, momentum);
  const before = snapshot(state);
  const { features } = randomBatch([4, 6], 3, 10);
  for (let i = 0; i < 2; i++) await step.run({ features }, 0.1);
  await step.release();
  assertEquals(snapshot(state)["body.weight"], before["body.weight"]);
  assertNotEquals(snapshot(state).head, before.head);
});

Deno.test("TrainStep.create() throws if nothing trains", async () => {
  const parameters = new Parameters();
  const weight = frozen(parameters.scope()).parameter("weight", [2], () => new Float32Array(2));
  const loss = reduceSum(weight);
  const model = { parameters: parameters.list(), logits: loss, loss };
  const message = "Cannot train: no parameter is trainable";
  await assertRejects(() => training(model, descent), TypeError, message);
});

Deno.test("TrainStep takes state that is replaced without being read", async () => {
  const last = withState((_, gradient) => ({ state: mul(gradient, 1), direction: gradient }));
  const { state, step } = await training(perceptron([3, 3]), last);
  const before = snapshot(state);
  await step.run(randomBatch([4, 3], 3, 11), 1);
  await step.release();
  const name = "layers.0.weight";
  const change = before[name].map((value, i) => Math.fround(value - snapshot(state)[name][i]));
  const error = relativeError(state.optimizerState(name).momentum.data, change);
  assert(error <= 1e-5, `${error}`);
});

Deno.test("TrainStep keeps the bits of masked entries, decay and clipping or not", async () => {
  const model = perceptron([6, 3]);
  const name = "layers.0.weight";
  const mask = Uint8Array.from({ length: 18 }, (_, at) => Number(at % 4 === 0));
  const batch = randomBatch([8, 6], 3, 1);
  for (const accumulate of [1, 2]) {
    const options = { masks: new Map([[name, mask]]), clipNorm: 1e-3, accumulate };
    const { state, step } = await training(model, adam, options);
    const before = state.parameter(name).data.slice();
    let norm = NaN;
    for (let i = 0; i < 2 * accumulate; i++) {
      const { grad_norm } = await step.run(batch, 0.01);
      if (i === 0 && accumulate === 1) norm = Number(grad_norm.data[0]);
    }
    await step.release();
    const after = state.parameter(name).data;
    assertEquals([...after.keys()].map((at) => Number(after[at] !== before[at])), [...mask]);
    const { exp_avg } = state.optimizerState(name);
    assert(exp_avg.data.every((value, at) => mask[at] === 1 || value === 0));
    if (accumulate > 1) continue;
    const whole = await training(model, adam, { clipNorm: 1e-3 });
    const { grad_norm } = await whole.step.run(batch, 0.01);
    await whole.step.release();
    assert(norm < Number(grad_norm.data[0]), "the norm is that of the entries that train");
  }
});
