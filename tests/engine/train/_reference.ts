/**
 * Training without shared buffers, to compare training steps with.
 * @module
 */
import { gradients } from "../../../engine/autodiff/backward.ts";
import { input } from "../../../engine/ir/create.ts";
import { sizeOf } from "../../../engine/ir/dims.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import type { Optimizer } from "../../../engine/train/interfaces.ts";
import type { SmallModel } from "./_models.ts";

/** Where training starts, and how far each update goes. */
export interface ReferenceOptions {
  /** Values of the parameters. */
  readonly initial: Readonly<Record<string, number[]>>;
  /** Learning rate. */
  readonly lr: number;
}

/** Trains without a step: every output in memory of its own, copied by hand. */
export async function referenceTraining(
  model: SmallModel,
  optimizer: Optimizer,
  batches: readonly Record<string, Value>[],
  { initial, lr }: ReferenceOptions,
): Promise<Record<string, number[]>> {
  const wrt = model.parameters.map(({ tensor }) => tensor);
  const scalars: Record<string, Tensor> = {};
  for (const key of Object.keys(optimizer.scalars(1, 0))) scalars[key] = input(key, "float32", []);
  const outputs: Record<string, Tensor> = {};
  const feeds: Record<string, Value> = {};
  for (const [index, gradient] of gradients(model.loss, wrt).entries()) {
    const { name, shape, tensor } = model.parameters[index];
    const state: Record<string, Tensor> = {};
    feeds[name] = { dtype: "float32", shape, data: Float32Array.from(initial[name]) };
    for (const [key, spec] of Object.entries(optimizer.state(shape))) {
      const size = spec.shape === "scalar" ? [] : shape;
      state[key] = input(`${name} ${key}`, "float32", size);
      const start = spec.initial ?? 0;
      const data = start === "parameter"
        ? Float32Array.from(initial[name])
        : new Float32Array(sizeOf(size)).fill(start);
      feeds[`${name} ${key}`] = { dtype: "float32", shape: size, data };
    }
    const options = { lrScale: 1, weightDecay: 0.05 };
    const updated = optimizer.update({ parameter: tensor, gradient, state, scalars, options });
    outputs[`next ${name}`] = updated.parameter;
    for (const [key, value] of Object.entries(updated.state)) {
      outputs[`next ${name} ${key}`] = value;
    }
  }
  const session = await Session.create(outputs, { threads: 2 });
  for (const [index, batch] of batches.entries()) {
    for (const [key, value] of Object.entries(optimizer.scalars(index + 1, lr))) {
      feeds[key] = { dtype: "float32", shape: [], data: Float32Array.of(value) };
    }
    const results = await session.run({ ...feeds, ...batch });
    for (const [name, { dtype, shape, data }] of Object.entries(results)) {
      feeds[name.slice("next ".length)] = { dtype, shape, data: data.slice() };
    }
  }
  await session.release();
  return Object.fromEntries(
    model.parameters.map(({ name }) => [name, Array.from(feeds[name].data, Number)]),
  );
}
