/**
 * Compares gradients with finite differences, both computed by the real runtime.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { gradients } from "../../engine/autodiff/backward.ts";
import { input } from "../../engine/ir/create.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import { mul } from "../../engine/ir/elementwise.ts";
import { reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import { feedsOf, inputsOf, numbers, type Sample, sampleName } from "./_run.ts";

/** How close is close enough. */
export interface CheckOptions {
  /** Distance to the points at which a difference is taken. @default {1e-2} */
  readonly step?: number;
  /** Largest error, relative to the largest entry of the gradient. @default {2e-3} */
  readonly tolerance?: number;
}

/**
 * Checks the gradient of `Σ wᵢ f(x)ᵢ` for fixed weights w, so that every entry of the Jacobian
 * counts.
 *
 * @param build The function f; its value must be float32.
 * @param samples Its arguments. Points at kinks have to be avoided here.
 * @param options Step and tolerance.
 * @returns The node of f's value, and the gradients of all samples that are differentiated.
 */
export async function checkGradients(
  build: (...tensors: Tensor[]) => Tensor,
  samples: readonly Sample[],
  options: CheckOptions = {},
): Promise<{ readonly value: Tensor; readonly gradients: readonly Float32Array[] }> {
  const { step = 1e-2, tolerance = 2e-3 } = options;
  const inputs = inputsOf(samples);
  const value = build(...inputs);
  assertEquals(value.dtype, "float32");
  const feeds = feedsOf(samples);
  const forward = await Session.create({ value }, { threads: 1 });
  const { shape } = (await forward.run(feeds)).value;
  assertEquals(
    value.shape.map((dim, axis) => typeof dim === "number" ? dim : shape[axis]),
    [...shape],
    "the run-time shape is not the declared one",
  );
  const weights = Float32Array.from(numbers(sizeOf(shape), 77, [-1, 1]));
  const wrt = samples.flatMap(({ dtype = "float32", frozen }, index) =>
    dtype === "float32" && !frozen ? [index] : []
  );
  const analytic = await analyticGradients(value, wrt.map((index) => inputs[index]), {
    ...feeds,
    weights: { dtype: "float32", shape, data: weights },
  });
  for (const [position, index] of wrt.entries()) {
    assertEquals([...analytic[position].shape], [...samples[index].shape]);
    const expected = await differences(forward, feeds, { name: sampleName(index), weights, step });
    const error = errorOf(analytic[position].data as Float32Array, expected);
    assert(
      error <= tolerance,
      `gradient of argument ${index} is off by ${error}:\n` +
        `  ${Array.from(analytic[position].data, Number).slice(0, 12)}\nexpected\n` +
        `  ${[...expected].slice(0, 12)}`,
    );
  }
  await forward.release();
  return { value, gradients: analytic.map(({ data }) => data as Float32Array) };
}

async function analyticGradients(
  value: Tensor,
  wrt: readonly Tensor[],
  feeds: Readonly<Record<string, Value>>,
): Promise<Value[]> {
  const loss = reduceSum(mul(value, input("weights", "float32", value.shape)));
  const flowing = gradients(loss, wrt);
  for (const [index, tensor] of wrt.entries()) {
    assertEquals(flowing[index].shape, tensor.shape);
    assertEquals(flowing[index].dtype, tensor.dtype);
  }
  const named = Object.fromEntries(flowing.map((tensor, index) => [`gradient_${index}`, tensor]));
  const session = await Session.create(named, { threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return wrt.map((_, index) => results[`gradient_${index}`]);
}

async function differences(
  forward: Session,
  feeds: Readonly<Record<string, Value>>,
  { name, weights, step }: {
    readonly name: string;
    readonly weights: Float32Array;
    readonly step: number;
  },
): Promise<Float64Array> {
  const data = (feeds[name].data as Float32Array).slice();
  const moved = { ...feeds, [name]: { ...feeds[name], data } };
  const contract = async () => {
    const { value } = await forward.run(moved);
    let sum = 0; // float64
    for (const [i, weight] of weights.entries()) sum += weight * Number(value.data[i]);
    return sum;
  };
  const result = new Float64Array(data.length);
  for (const [i, center] of data.entries()) {
    data[i] = center + step;
    const [right, above] = [data[i], await contract()];
    data[i] = center - step;
    const [left, below] = [data[i], await contract()];
    data[i] = center;
    result[i] = (above - below) / (right - left);
  }
  return result;
}

/** Largest difference relative to the largest expected value; infinite where all are zero. */
function errorOf(actual: Float32Array, expected: Float64Array): number {
  let [difference, scale] = [0, 0];
  for (const [i, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs(actual[i] - value));
    scale = Math.max(scale, Math.abs(value));
    if (Number.isNaN(actual[i])) return Infinity;
  }
  return scale < 1e-4 ? Infinity : difference / scale;
}
