/**
 * Small models and optimizers for tests of training steps.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { input, scalar } from "../../../engine/ir/create.ts";
import { add, mul, relu, sub } from "../../../engine/ir/elementwise.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { crossEntropy } from "../../../engine/nn/losses.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import type { Optimizer } from "../../../engine/train/interfaces.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { type StepPlan, TrainStep } from "../../../engine/train/step.ts";
import { numbers } from "../_run.ts";

/** A model with a loss. */
export interface SmallModel {
  readonly parameters: readonly Parameter[];
  readonly logits: Tensor;
  readonly loss: Tensor;
}

/** Linear layers with ReLU between them, over features `[batch, widths[0]]`. */
export function perceptron(widths: readonly number[], labelSmoothing = 0): SmallModel {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const context = { training: true, random: new RandomStream(scalar(0, "uint32")) };
  let x = input("features", "float32", ["batch", widths[0]]);
  for (let i = 1; i < widths.length; i++) {
    x = scope.linear(`layers.${i - 1}`, widths[i - 1], widths[i])(x, context);
    if (i < widths.length - 1) x = relu(x);
  }
  const loss = crossEntropy(x, input("labels", "int64", ["batch"]), labelSmoothing);
  return { parameters: parameters.list(), logits: x, loss };
}

/** A batch of random features and classes. */
export function randomBatch(
  [rows, width]: readonly [number, number],
  classes: number,
  seed: number,
): Record<string, Value> {
  const features = Float32Array.from(numbers(rows * width, seed));
  const labels = BigInt64Array.from(numbers(rows, seed + 1, [0, classes]), (x) => {
    return BigInt(Math.floor(x));
  });
  return {
    features: { dtype: "float32", shape: [rows, width], data: features },
    labels: { dtype: "int64", shape: [rows], data: labels },
  };
}

/** Rows of a batch. */
export function rowsOf(batch: Record<string, Value>, start: number, end: number) {
  const { features, labels } = batch;
  const width = features.shape[1];
  return {
    features: {
      ...features,
      shape: [end - start, width],
      data: (features.data as Float32Array).slice(start * width, end * width),
    },
    labels: {
      ...labels,
      shape: [end - start],
      data: (labels.data as BigInt64Array).slice(start, end),
    },
  };
}

/** Plain gradient descent: without state, so that an update shows the gradient. */
export const descent: Optimizer = {
  storesStep: false,
  hyperparameters: {},
  state: () => ({}),
  scalars: (_, lr) => ({ lr }),
  update: ({ parameter, gradient, scalars: { lr } }) => ({
    parameter: sub(parameter, mul(gradient, lr)),
    state: {},
  }),
};

/** An optimizer with one entry of state, whose update rule is under test. */
export function withState(
  update: (old: Tensor, gradient: Tensor) => { state: Tensor; direction: Tensor },
): Optimizer {
  return {
    ...descent,
    state: () => ({ momentum: { shape: "parameter" } }),
    update({ parameter, gradient, state: { momentum }, scalars: { lr } }) {
      const { state, direction } = update(momentum, gradient);
      return { parameter: sub(parameter, mul(direction, lr)), state: { momentum: state } };
    },
  };
}

/** Momentum, the plain way. */
export const momentum: Optimizer = withState((old, gradient) => {
  const state = add(mul(old, 0.9), gradient);
  return { state, direction: state };
});

/** A state and a step of a model. */
export async function training(
  model: SmallModel,
  optimizer: Optimizer,
  options: Partial<StepPlan> & { readonly seed?: number } = {},
): Promise<{ state: TrainState; step: TrainStep }> {
  const state = await TrainState.create(model.parameters, options.seed ?? 0);
  await state.addOptimizer(model.parameters, optimizer);
  const step = await TrainStep.create({
    parameters: model.parameters,
    loss: model.loss,
    outputs: {},
    optimizer,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0.05 }),
    session: { threads: 1 },
    ...options,
  }, state);
  return { state, step };
}

/** Requires equal numbers, and names the first that differs: a full comparison would take ages. */
export function assertSameNumbers(
  actual: Readonly<Record<string, readonly number[]>>,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  assertEquals(Object.keys(actual), Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const index = values.findIndex((value, i) => !Object.is(value, actual[name][i]));
    assert(index < 0, `${name}[${index}] is ${actual[name][index]}, expected ${values[index]}`);
    assertEquals(actual[name].length, values.length);
  }
}

/** Copies of all parameters. */
export function snapshot(state: TrainState): Record<string, number[]> {
  return Object.fromEntries(state.names().map((name) => [name, [...state.parameter(name).data]]));
}
