import { add, mul, sub } from "../../../engine/ir/elementwise.ts";
import type { Optimizer } from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const STATE = "announces the state that it keeps";
const DESCENT = "lowers a loss";
const FIRST = "first moves against the gradient";
const SCALE = "moves less where the learning rate is scaled down";
const RESUMING = "goes on from a checkpoint as if it had not stopped";

/** Gradient descent with momentum. */
const momentum: Optimizer = {
  counts: false,
  hyperparameters: { momentum: 0.5 },
  state: () => ({ velocity: { shape: "parameter" } }),
  scalars: (_, lr) => ({ lr }),
  update(parameter, gradient, { velocity }, { lr }, { lr_scale }) {
    const next = add(mul(velocity, 0.5), gradient);
    return {
      parameter: sub(parameter, mul(next, mul(lr, lr_scale))),
      state: { velocity: next },
    };
  },
};

const optimizer = (parts: Partial<Optimizer>) =>
  plain("optimizer", () => ({ ...momentum, ...parts }));

Deno.test("optimizerClaims accept momentum", async () => {
  await assertFails(optimizer({}), {});
});

Deno.test("optimizerClaims find state that was not announced", async () => {
  const silent = optimizer({
    state: () => ({}),
    update: (parameter, gradient, _, { lr }, { lr_scale }) => ({
      parameter: sub(parameter, mul(gradient, mul(lr, lr_scale))),
      state: { velocity: gradient },
    }),
  });
  const unknown = /^Cannot find optimizer state|^it keeps velocity, which it does not announce$/;
  await assertFails(silent, { [STATE]: unknown });
  const shrunk = optimizer({ state: () => ({ velocity: { shape: "scalar" } }) });
  const every = [STATE, DESCENT, FIRST, SCALE, RESUMING];
  await assertFails(shrunk, Object.fromEntries(every.map((name) => [name, /./])));
});

Deno.test("optimizerClaims find scalars that are not numbers in every step", async () => {
  const late = optimizer({ scalars: (step, lr) => ({ lr: lr / (10_000 - step) }) });
  await assertFails(late, { [STATE]: /^its scalar lr is (NaN|Infinity) in step 10000$/ });
  const more = optimizer({
    scalars: (step, lr): Record<string, number> => step === 1 ? { lr } : { lr, step },
  });
  await assertFails(more, { [STATE]: /^its scalars are lr, step in step 2, lr in step 1$/ });
});

Deno.test("optimizerClaims find steps that lead up", async () => {
  const up = optimizer({ scalars: (_, lr) => ({ lr: -lr }) });
  await assertFails(up, { [DESCENT]: /^the loss went from/, [FIRST]: /^a matrix moves by/ });
  const later = optimizer({ scalars: (step, lr) => ({ lr: step === 1 ? lr : -lr }) });
  await assertFails(later, { [DESCENT]: /^the loss went from/ });
  const still = optimizer({ scalars: () => ({ lr: 0 }) });
  await assertFails(still, {
    [DESCENT]: /^the loss went from/,
    [FIRST]: /^a matrix moves by 0 in sum$/,
    [SCALE]: /^lr_scale 1 moves by 0, lr_scale 0.1 by 0$/,
  });
});

Deno.test("optimizerClaims find an optimizer that ignores lr_scale", async () => {
  const deaf = optimizer({
    update(parameter, gradient, state, scalars) {
      return momentum.update(parameter, gradient, state, scalars, { lr_scale: 1, weight_decay: 0 });
    },
  });
  await assertFails(deaf, { [SCALE]: /^lr_scale 1 moves by (\S+), lr_scale 0.1 by \1$/ });
});

Deno.test("optimizerClaims find an optimizer that remembers outside of its state", async () => {
  const remembering = plain("optimizer", () => {
    let calls = 0;
    return { ...momentum, scalars: (_, lr) => ({ lr: lr / (1 + calls++ / 10) }) };
  });
  await assertFails(remembering, { [RESUMING]: /^after six updates a matrix holds \S+ after/ });
});
