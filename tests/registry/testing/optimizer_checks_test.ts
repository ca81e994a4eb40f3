import { add, mul, sub } from "../../../engine/ir/elementwise.ts";
import type { Optimizer } from "../../../registry/plugin.ts";
import { lion } from "../../_lion.ts";
import { assertFails, plain } from "./_broken.ts";

const STATE = "announces the state that it keeps";
const DESCENT = "lowers a loss";
const FIRST = "first moves against the gradient";
const SCALE = "moves less where the learning rate is scaled down";
const RESUMING = "goes on from a checkpoint as if it had not stopped";

/** Gradient descent with momentum. */
const momentum: Optimizer = {
  storesStep: false,
  hyperparameters: { momentum: 0.5 },
  state: () => ({ velocity: { shape: "parameter" } }),
  scalars: (_, lr) => ({ lr }),
  update({ parameter, gradient, state: { velocity }, scalars: { lr }, options: { lrScale } }) {
    const next = add(mul(velocity, 0.5), gradient);
    return {
      parameter: sub(parameter, mul(next, mul(lr, lrScale))),
      state: { velocity: next },
    };
  },
};

const optimizer = (parts: Partial<Optimizer>) =>
  plain("optimizer", () => ({ ...momentum, ...parts }));

Deno.test("optimizerChecks accept momentum", async () => {
  await assertFails(optimizer({}), {});
});

Deno.test("optimizerChecks accept an optimizer that reads its state twice", async () => {
  await assertFails(lion, {});
});

Deno.test("optimizerChecks find state that was not announced", async () => {
  const silent = optimizer({
    state: () => ({}),
    update: ({ parameter, gradient, scalars: { lr }, options: { lrScale } }) => ({
      parameter: sub(parameter, mul(gradient, mul(lr, lrScale))),
      state: { velocity: gradient },
    }),
  });
  const unknown = /^Cannot find optimizer state|^it keeps velocity, which it does not announce$/;
  await assertFails(silent, { [STATE]: unknown });
  const forgetful = optimizer({
    update: (current) => ({ ...momentum.update(current), state: {} }),
  });
  await assertFails(forgetful, { [STATE]: /^it announces velocity, which it does not return$/ });
  const shrunk = optimizer({ state: () => ({ velocity: { shape: "scalar" } }) });
  const every = [STATE, DESCENT, FIRST, SCALE, RESUMING];
  await assertFails(shrunk, Object.fromEntries(every.map((name) => [name, /./])));
});

Deno.test("optimizerChecks find scalars that are not numbers in every step", async () => {
  const late = optimizer({ scalars: (step, lr) => ({ lr: lr / (10_000 - step) }) });
  await assertFails(late, { [STATE]: /^its scalar lr is (NaN|Infinity) in step 10000$/ });
  const more = optimizer({
    scalars: (step, lr): Record<string, number> => step === 1 ? { lr } : { lr, step },
  });
  await assertFails(more, { [STATE]: /^its scalars are lr, step in step 2, lr in step 1$/ });
});

Deno.test("optimizerChecks find steps that lead up", async () => {
  const up = optimizer({ scalars: (_, lr) => ({ lr: -lr }) });
  await assertFails(up, { [DESCENT]: /^the loss went from/, [FIRST]: /^a matrix moves by/ });
  const later = optimizer({ scalars: (step, lr) => ({ lr: step === 1 ? lr : -lr }) });
  await assertFails(later, { [DESCENT]: /^the loss went from/ });
  const still = optimizer({ scalars: () => ({ lr: 0 }) });
  await assertFails(still, {
    [DESCENT]: /^the loss went from/,
    [FIRST]: /^a matrix moves by 0 in sum$/,
    [SCALE]: /^lrScale 1 moves by 0, lrScale 0.1 by 0$/,
  });
});

Deno.test("optimizerChecks find an optimizer that ignores lrScale", async () => {
  const deaf = optimizer({
    update(current) {
      return momentum.update({ ...current, options: { lrScale: 1, weightDecay: 0 } });
    },
  });
  await assertFails(deaf, { [SCALE]: /^lrScale 1 moves by (\S+), lrScale 0.1 by \1$/ });
});

Deno.test("optimizerChecks find an optimizer that remembers outside of its state", async () => {
  const remembering = plain("optimizer", () => {
    let calls = 0;
    return { ...momentum, scalars: (_, lr) => ({ lr: lr / (1 + calls++ / 10) }) };
  });
  await assertFails(remembering, { [RESUMING]: /^after six updates a matrix holds \S+ after/ });
});
