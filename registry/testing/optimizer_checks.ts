/**
 * What an optimizer promises.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { input } from "../../engine/ir/create.ts";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import { add, mul, sub } from "../../engine/ir/elementwise.ts";
import { reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { type Parameter, Parameters } from "../../engine/nn/scope.ts";
import { writeTorchFile } from "../../engine/storage/torch/torch_file.ts";
import {
  type CheckpointPlan,
  checkpointTree,
  type Progress,
  restoreCheckpoint,
} from "../../engine/train/checkpoint.ts";
import { TrainState } from "../../engine/train/state.ts";
import { TrainStep } from "../../engine/train/step.ts";
import type { Optimizer, ParameterOptions } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";

const LR = 0.01;
const STEPS = 60;
/** A matrix, a vector and a single number, as models have them. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  matrix: [4, 3],
  vector: [5],
  one: [1],
};

type OptimizerUnderTest = PluginUnderTest<"optimizer">;

/** Promises of optimizers. */
export const optimizerChecks: readonly Check<"optimizer">[] = [
  { name: "announces the state that it keeps", check: checkState },
  { name: "lowers a loss", check: checkDescent },
  { name: "first moves against the gradient", check: checkFirstStep },
  { name: "moves less where the learning rate is scaled down", check: checkScale },
  { name: "goes on from a checkpoint as if it had not stopped", check: checkResuming },
];

function create({ plugin, options, context }: OptimizerUnderTest): Optimizer {
  return plugin.create(options, { lr: LR, ...context });
}

function learningRate({ context }: OptimizerUnderTest): number {
  return context.lr ?? LR;
}

function checkState(subject: OptimizerUnderTest): void {
  const optimizer = create(subject);
  for (const [name, shape] of Object.entries(SHAPES)) {
    const specs = optimizer.state(shape);
    const tensor = (part: string) => input(`${name}/${part}`, "float32", shape);
    const state = Object.fromEntries(
      Object.entries(specs).map((
        [key, spec],
      ) => [
        key,
        spec.shape === "parameter" ? tensor(key) : input(`${name}/${key}`, "float32", []),
      ]),
    );
    const scalars = Object.fromEntries(
      Object.keys(optimizer.scalars(1, LR)).map((key) => [key, input(key, "float32", [])]),
    );
    const options = { lrScale: 1, weightDecay: 0.1 };
    const updated = optimizer.update({
      parameter: tensor("value"),
      gradient: tensor("gradient"),
      state,
      scalars,
      options,
    });
    expectLike(updated.parameter, shape, `the new value of a parameter`);
    const extra = Object.keys(updated.state).filter((key) => !Object.hasOwn(specs, key));
    expect(extra.length === 0, `it keeps ${extra}, which it does not announce`);
    const missing = Object.keys(specs).filter((key) => !Object.hasOwn(updated.state, key));
    expect(missing.length === 0, `it announces ${missing}, which it does not return`);
    for (const [key, value] of Object.entries(updated.state)) {
      expectLike(value, specs[key].shape === "parameter" ? shape : [], JSON.stringify(key));
    }
  }
  expectScalars(optimizer);
}

function expectLike(found: Tensor, shape: readonly number[], what: string): void {
  const fits = found.dtype === "float32" && formatShape(found.shape) === formatShape(shape);
  const is = `${found.dtype} ${formatShape(found.shape)}`;
  expect(fits, `${what} is ${is}, expected float32 ${formatShape(shape)}`);
}

function expectScalars(optimizer: Optimizer): void {
  const names = sorted(Object.keys(optimizer.scalars(1, LR)));
  for (const step of [1, 2, 10_000]) {
    for (const lr of [0, LR]) {
      const scalars = optimizer.scalars(step, lr);
      const found = sorted(Object.keys(scalars));
      expect(found === names, `its scalars are ${found} in step ${step}, ${names} in step 1`);
      const wrong = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
      expect(!wrong, `its scalar ${wrong?.[0]} is ${wrong?.[1]} in step ${step}`);
    }
  }
}

function sorted(names: readonly string[]): string {
  return [...names].sort().join(", ");
}

/** The optimizer at work on `Σ cᵢ (xᵢ - tᵢ)²`. */
class Descent implements AsyncDisposable {
  readonly #step: TrainStep;
  readonly #lr: number;
  readonly plan: CheckpointPlan;
  readonly state: TrainState;

  private constructor(step: TrainStep, state: TrainState, plan: CheckpointPlan) {
    this.#step = step;
    this.#lr = plan.lr;
    this.state = state;
    this.plan = plan;
  }

  static async create(
    subject: OptimizerUnderTest,
    options: Partial<ParameterOptions> = {},
  ): Promise<Descent> {
    const optimizer = create(subject);
    const { parameters, loss } = quadratic();
    const state = await TrainState.create(parameters, 0);
    await state.addOptimizer(parameters, optimizer);
    const plan: CheckpointPlan = {
      parameters,
      optimizer,
      aliases: () => [],
      parameterOptions: () => ({ lrScale: 1, weightDecay: 0, ...options }),
      lr: learningRate(subject),
      samples: { shape: [1], bags: false },
    };
    const step = await TrainStep.create(
      { ...plan, loss, outputs: {}, session: { threads: 1 } },
      state,
    );
    return new Descent(step, state, plan);
  }

  /** Makes an update. Gives the loss before it. */
  async update(): Promise<number> {
    return Number((await this.#step.run({}, this.#lr)).loss.data[0]);
  }

  /** Values of all parameters. */
  values(): ReadonlyMap<string, Float32Array> {
    return new Map(
      this.state.names().map((name) => [name, this.state.parameter(name).data.slice()]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#step.release();
  }
}

function quadratic(): { readonly parameters: readonly Parameter[]; readonly loss: Tensor } {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const terms = Object.entries(SHAPES).map(([name, shape], index) => {
    const value = scope.parameter(name, shape, (_, random) => {
      const size = sizeOf(shape);
      return Float32Array.from({ length: size }, () => 2 + random.float());
    });
    const distance = sub(value, 0.5 * index);
    return mul(reduceSum(mul(distance, distance)), 0.5 + index);
  });
  return { parameters: parameters.list(), loss: terms.reduce((a, b) => add(a, b)) };
}

async function checkDescent(subject: OptimizerUnderTest): Promise<void> {
  await using descent = await Descent.create(subject);
  const before = await descent.update();
  for (let step = 1; step < STEPS; step++) await descent.update();
  const after = await descent.update();
  const path = `the loss went from ${before} to ${after} in ${STEPS} updates`;
  expect(Number.isFinite(after) && after < before, path);
}

async function checkFirstStep(subject: OptimizerUnderTest): Promise<void> {
  await using descent = await Descent.create(subject);
  const before = descent.values();
  await descent.update();
  for (const [name, values] of descent.values()) {
    // All values lie above their targets: every gradient is positive.
    const gain = values.reduce((sum, value, i) => sum + value - before.get(name)![i], 0);
    expect(gain < 0, `a ${name === "one" ? "single number" : name} moves by ${gain} in sum`);
  }
}

async function checkScale(subject: OptimizerUnderTest): Promise<void> {
  const moves: number[] = [];
  for (const lrScale of [1, 0.1]) {
    await using descent = await Descent.create(subject, { lrScale });
    const before = descent.values();
    await descent.update();
    const lengths = [...descent.values()].map(([name, values]) =>
      values.reduce((sum, value, i) => sum + Math.abs(value - before.get(name)![i]), 0)
    );
    moves.push(lengths.reduce((a, b) => a + b, 0));
  }
  expect(moves[1] < moves[0], `lrScale 1 moves by ${moves[0]}, lrScale 0.1 by ${moves[1]}`);
}

async function checkResuming(subject: OptimizerUnderTest): Promise<void> {
  await using whole = await Descent.create(subject);
  for (let step = 0; step < 6; step++) await whole.update();
  await using first = await Descent.create(subject);
  for (let step = 0; step < 3; step++) await first.update();
  await using second = await Descent.create(subject);
  await handOver(first, second);
  for (let step = 0; step < 3; step++) await second.update();
  for (const [name, values] of second.values()) {
    const expected = whole.values().get(name)!;
    const at = values.findIndex((value, index) => !Object.is(value, expected[index]));
    const states = `${values[at]} after a checkpoint, ${expected[at]} without`;
    expect(at < 0, `after six updates a ${name} holds ${states}`);
  }
}

/** Moves values and optimizer state by way of a checkpoint file. */
async function handOver(from: Descent, to: Descent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "glovita-"));
  try {
    const file = join(folder, "checkpoint.pt");
    const progress: Progress = {
      epoch: 0,
      step: from.state.step,
      seed: 0,
      best_metric: "val_loss",
      best_value: 0,
      best_epoch: 0,
    };
    await writeTorchFile(file, checkpointTree(from.state, from.plan, progress, from.plan.lr));
    restoreCheckpoint(to.state, to.plan, file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
