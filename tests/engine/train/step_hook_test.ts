/** What is done between updates: what it sees, and what it changes. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import { input } from "../../../engine/ir/create.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import { ones } from "../../../engine/nn/initializers.ts";
import type { StepHook, StepValues } from "../../../engine/train/interfaces.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { type StepPlan, TrainStep } from "../../../engine/train/step.ts";
import { descent } from "./_models.ts";

/** The loss `x · w`, of which x is the gradient. */
async function product(plan: Partial<StepPlan> & Pick<StepPlan, "hook">) {
  const parameters = new Parameters();
  const w = parameters.scope().parameter("w", [2], ones);
  const fixed = frozen(parameters.scope()).parameter("fixed", [2], ones);
  const loss = reduceSum(mul(mul(w, fixed), input("x", "float32", [2])));
  const list = parameters.list();
  const state = await TrainState.create(list, 0);
  const optimizer = descent;
  await state.addOptimizer(list, optimizer);
  const step = await TrainStep.create({
    parameters: list,
    loss,
    outputs: {},
    optimizer,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }),
    ...plan,
  }, state);
  const run = (...x: number[]) =>
    step.run({ x: { dtype: "float32", shape: [2], data: Float32Array.from(x) } }, 0.5);
  return { run, w, state, release: () => step.release() };
}

/** The parameter of {@linkcode product}, as anybody may name it. */
const W: Tensor = input("w", "float32", [2]);

function noting(work: (step: StepValues) => void = () => {}) {
  const seen: [number, number[], number[]][] = [];
  const started: number[] = [];
  const hook: StepHook = {
    gradients: [W],
    start: ({ update }) => void started.push(update),
    afterUpdate(step) {
      seen.push([step.update, [...step.value(W)], [...step.gradient(W)]]);
      work(step);
    },
  };
  return { hook, seen, started };
}

Deno.test("TrainStep tells a hook of values and gradients, and goes on with what it wrote", async () => {
  const { hook, seen, started } = noting(({ value }) => value(W).fill(8));
  const { run, state, release } = await product({ hook });
  assertEquals(started, [0]);
  const { loss, ...others } = await run(2, 4);
  assertEquals([loss.data[0], Object.keys(others)], [6, []]);
  assertEquals(Number((await run(1, 1)).loss.data[0]), 16);
  assertEquals(seen, [[1, [0, -1], [2, 4]], [2, [7.5, 7.5], [1, 1]]]);
  assertEquals([...state.parameter("w").data], [8, 8]);
  await release();
});

Deno.test("TrainStep tells a hook of gradients that are averaged and clipped", async () => {
  const { hook, seen } = noting();
  const { run, release } = await product({ hook, accumulate: 2, clipNorm: 1 });
  await run(6, 0);
  assertEquals(seen, []);
  await run(0, 8);
  const [[update, , gradient]] = seen;
  assertEquals(update, 1);
  for (const [i, expected] of [0.6, 0.8].entries()) assertAlmostEquals(gradient[i], expected, 1e-5);
  await release();
  const plain = noting();
  const averaged = await product({ hook: plain.hook, accumulate: 2 });
  await averaged.run(6, 0);
  await averaged.run(0, 8);
  assertEquals(plain.seen[0][2], [3, 4]);
  await averaged.release();
});

Deno.test("StepValues throw for what is no parameter, and for gradients nobody asked for", async () => {
  let step: StepValues | undefined;
  const { run, release } = await product({ hook: { afterUpdate: (given) => void (step = given) } });
  await run(1, 1);
  const unasked = 'Cannot give the gradient of "w": nobody has asked for it';
  assertThrows(() => step!.gradient(W), TypeError, unasked);
  const other = input("v", "float32", [2]);
  assertThrows(() => step!.value(other), TypeError, 'Cannot find parameter "v"');
  const computed = "Cannot find the result of Mul: it is not a parameter";
  assertThrows(() => step!.value(mul(W, 2)), TypeError, computed);
  await release();
});
