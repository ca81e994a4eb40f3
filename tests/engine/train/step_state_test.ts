/** Optimizer state in training steps: one buffer where that is safe, two where it is not. */
import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, detach, div, mul, sub } from "../../../engine/ir/elementwise.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { reduceMean, reduceSum } from "../../../engine/ir/matrix.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { Optimizer, StateSpec, UpdateInput } from "../../../engine/train/interfaces.ts";
import type { TrainState } from "../../../engine/train/state.ts";
import "../../../plugins/mod.ts";
import { registry } from "../../../registry/registry.ts";
import { minimalOptions } from "../../../registry/testing/minimal_options.ts";
import { lion as lionPlugin } from "../../_lion.ts";
import {
  assertSameNumbers,
  descent,
  perceptron,
  randomBatch,
  snapshot,
  training,
  withState,
} from "./_models.ts";
import { referenceTraining } from "./_reference.ts";

const lion = lionPlugin.create({}, { lr: 0.01 });

/** An optimizer that keeps several entries of state. */
function keeping(
  specs: Readonly<Record<string, StateSpec>>,
  update: (current: UpdateInput) => ReturnType<Optimizer["update"]>,
): Optimizer {
  return { ...descent, state: () => specs, update };
}

const both = { a: { shape: "parameter", initial: 1 }, b: { shape: "parameter" } } as const;

interface Case {
  readonly optimizer: Optimizer;
  /** Entries that get a second buffer. */
  readonly doubled: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  "Lion, which reads its momentum twice": { optimizer: lion, doubled: ["exp_avg"] },
  "an operator that mixes entries": {
    optimizer: withState((old, gradient) => {
      const mixed = transpose(old, old.shape.map((_, axis) => axis).toReversed());
      return { state: add(mul(mixed, 0.5), gradient), direction: gradient };
    }),
    doubled: ["momentum"],
  },
  "a reader that may come too late": {
    optimizer: withState((old, gradient) => ({ state: gradient, direction: mul(old, 0.9) })),
    doubled: ["momentum"],
  },
  "state that is replaced without being read": {
    optimizer: withState((_, gradient) => ({ state: gradient, direction: gradient })),
    doubled: [],
  },
  "two entries that change places": {
    optimizer: keeping(both, ({ parameter, gradient, state: { a, b }, scalars: { lr } }) => ({
      parameter: sub(parameter, mul(add(mul(gradient, a), b), lr)),
      state: { a: b, b: a },
    })),
    doubled: ["a", "b"],
  },
  "an entry that becomes the one before it": {
    optimizer: keeping(both, ({ parameter, gradient, state: { a, b }, scalars: { lr } }) => ({
      parameter: sub(parameter, mul(a, lr)),
      state: { a: add(mul(a, 0.5), b), b: mul(gradient, 0.1) },
    })),
    doubled: ["a", "b"],
  },
  "entries that stay as they are": {
    optimizer: keeping(both, ({ parameter, gradient, state, scalars: { lr } }) => ({
      parameter: sub(parameter, mul(mul(gradient, state.a), lr)),
      state,
    })),
    doubled: [],
  },
  "a parameter that stays as it is": {
    optimizer: keeping(both, ({ parameter, gradient, state: { a, b } }) => ({
      parameter,
      state: { a: add(a, gradient), b: add(mul(b, 0.5), parameter) },
    })),
    doubled: [],
  },
  "one new value for parameter and state": {
    optimizer: keeping(
      { old: { shape: "parameter", initial: "parameter" } },
      ({ parameter, gradient, state: { old }, scalars: { lr } }) => {
        const next = sub(mul(add(parameter, old), 0.5), mul(gradient, lr));
        return { parameter: next, state: { old: next } };
      },
    ),
    doubled: [],
  },
  "a parameter and its state that change places": {
    optimizer: keeping(
      { old: { shape: "parameter", initial: 2 } },
      ({ parameter, gradient, state: { old }, scalars: { lr } }) => ({
        parameter: sub(old, mul(gradient, lr)),
        state: { old: parameter },
      }),
    ),
    doubled: ["old"],
  },
  "scalars, one of them read twice": {
    optimizer: keeping(
      { count: { shape: "scalar", initial: 1 }, scale: { shape: "scalar", initial: 0.5 } },
      ({ parameter, gradient, state: { count, scale }, scalars: { lr } }) => {
        const step = div(mul(gradient, scale), add(count, 1));
        return {
          parameter: sub(parameter, mul(step, lr)),
          state: {
            count: add(count, 1),
            scale: add(mul(scale, 0.9), mul(reduceMean(mul(gradient, gradient)), 0.1)),
          },
        };
      },
    ),
    doubled: ["scale"],
  },
  "a detached value that is read once": {
    optimizer: withState((old, gradient) => {
      const state = add(mul(detach(old), 0.9), gradient);
      return { state, direction: state };
    }),
    doubled: [],
  },
  "a detached value that is read twice": {
    optimizer: withState((old, gradient) => {
      const same = detach(old);
      return { state: add(mul(same, 0.9), gradient), direction: add(mul(same, 0.5), gradient) };
    }),
    doubled: ["momentum"],
  },
};

/** Keys of the entries that have two buffers, of all parameters. */
function doubledKeys(state: TrainState): string[] {
  const keys = state.names().flatMap((name) =>
    state.slotKeys(name).filter((key) => state.nextSlot(name, key) !== state.slot(name, key))
  );
  return [...new Set(keys)].sort();
}

Deno.test("TrainStep updates every kind of state to the bits of separate memory", async (test) => {
  const batches = Array.from({ length: 12 }, (_, i) => randomBatch([32, 48], 48, 100 + 2 * i));
  for (const [name, { optimizer, doubled }] of Object.entries(CASES)) {
    await test.step(name, async () => {
      const model = perceptron([48, 48, 48]);
      const { state, step } = await training(model, optimizer, { session: { threads: 2 } });
      const initial = snapshot(state);
      assertEquals(doubledKeys(state), doubled);
      for (const batch of batches) await step.run(batch, 0.01);
      await step.release();
      const options = { initial, lr: 0.01 };
      assertSameNumbers(
        snapshot(state),
        await referenceTraining(model, optimizer, batches, options),
      );
    });
  }
});

Deno.test("TrainStep computes Lion as its paper does", async () => {
  const parameters = new Parameters();
  const start = [1, -2, 0.5];
  const weight = parameters.scope().parameter("w", [3], () => Float32Array.from(start));
  const loss = reduceSum(mul(weight, input("slope", "float32", [3])));
  const model = { parameters: parameters.list(), logits: loss, loss };
  const { state, step } = await training(model, lion);
  const expected = [...start];
  const momentum = [0, 0, 0];
  // A gradient that turns round: the momentum decides for a while.
  for (const factor of [1, 2, -0.1, -0.2, -3, 0]) {
    const gradient = [0.5 * factor, -factor, 0.25 * factor];
    const slope = { dtype: "float32", shape: [3], data: Float32Array.from(gradient) } as const;
    await step.run({ slope }, 0.1);
    for (const [i, g] of gradient.entries()) {
      const c = 0.9 * momentum[i] + 0.1 * g;
      expected[i] -= 0.1 * (Math.sign(c) + 0.05 * expected[i]);
      momentum[i] = 0.99 * momentum[i] + 0.01 * g;
      assertAlmostEquals(state.parameter("w").data[i], expected[i], 1e-6);
      assertAlmostEquals(state.optimizerState("w").exp_avg.data[i], momentum[i], 1e-6);
    }
  }
  await step.release();
});

Deno.test("TrainStep applies accumulated gradients to state with two buffers", async () => {
  const model = perceptron([6, 8, 3]);
  const whole = await training(model, lion);
  const halves = await training(model, lion, { accumulate: 2 });
  for (let i = 0; i < 6; i++) {
    const batch = randomBatch([8, 6], 3, i);
    await whole.step.run(batch, 0.01);
    // Two halves of a gradient, which adds up to the same bits.
    await halves.step.run(batch, 0.01);
    await halves.step.run(batch, 0.01);
  }
  assertEquals([whole.state.step, halves.state.step], [6, 6]);
  assertSameNumbers(snapshot(halves.state), snapshot(whole.state));
  const name = "layers.0.weight";
  assertEquals(
    halves.state.optimizerState(name).exp_avg,
    whole.state.optimizerState(name).exp_avg,
  );
  assertNotEquals(whole.state.optimizerState(name).exp_avg.data[0], 0);
  await whole.step.release();
  await halves.step.release();
});

Deno.test("TrainStep takes state under any key", async () => {
  const keys = ["next", "gradient", "state", "lr"];
  const optimizer: Optimizer = {
    ...descent,
    state: () => Object.fromEntries(keys.map((key) => [key, { shape: "parameter" }])),
    update: ({ parameter, gradient, state, scalars: { lr } }) => ({
      parameter: sub(parameter, mul(gradient, lr)),
      state: Object.fromEntries(keys.map((key) => [key, add(state[key], gradient)])),
    }),
  };
  const { state, step } = await training(perceptron([6, 3]), optimizer, { accumulate: 2 });
  const batch = randomBatch([4, 6], 3, 1);
  for (let i = 0; i < 4; i++) await step.run(batch, 0.1);
  await step.release();
  const [first, ...others] = Object.values(state.optimizerState("layers.0.weight"));
  for (const other of others) assertEquals(other, first);
  assertNotEquals(first.data[0], 0);
});

Deno.test("the state of every built-in optimizer has one buffer", async (test) => {
  for (const key of registry.list("optimizer")) {
    await test.step(key, async () => {
      const plugin = registry.get("optimizer", key);
      const optimizer = plugin.create(minimalOptions(plugin, {}), { lr: 0.01 });
      for (const accumulate of [1, 2]) {
        const { state, step } = await training(perceptron([6, 3]), optimizer, {
          accumulate,
          clipNorm: 1,
        });
        assertNotEquals(state.slotKeys("layers.0.weight"), []);
        assertEquals(doubledKeys(state), []);
        await step.release();
      }
    });
  }
});
