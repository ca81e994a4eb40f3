/**
 * Runs heads over single embeddings.
 * @module
 */
import { input } from "../../../engine/ir/create.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { type Parameter, Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { Session } from "../../../engine/runtime/session.ts";
import type { Head } from "../../../registry/plugin.ts";

/** Predictions and parameters of a head. */
export interface HeadRun {
  readonly parameters: readonly Parameter[];
  readonly output: number[];
}

/**
 * Runs a head on a batch, with a weight of ones and a bias of zeros.
 * @param create Makes the head.
 * @param features Two values per sample.
 * @param training Whether dropout acts.
 */
export async function runHead(
  create: (scope: Scope) => Head,
  features: readonly number[],
  training = false,
): Promise<HeadRun> {
  const parameters = new Parameters();
  const head = create(parameters.scope().child("head"));
  const seed = input("seed", "uint32", []);
  const { logits } = head.forward({ features: input("features", "float32", ["batch", 2]) }, {
    training,
    random: new RandomStream(seed),
  });
  const session = await Session.create({ logits });
  const values = parameters.list().map(({ name, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = new Float32Array(size).fill(name.endsWith("weight") ? 1 : 0);
    return [name, { dtype: "float32", shape, data }] as const;
  });
  const shape = [features.length / 2, 2];
  const result = await session.run({
    features: { dtype: "float32", shape, data: Float32Array.from(features) },
    seed: { dtype: "uint32", shape: [], data: Uint32Array.of(1) },
    ...Object.fromEntries(values),
  });
  await session.release();
  return { parameters: parameters.list(), output: [...result.logits.data as Float32Array] };
}
