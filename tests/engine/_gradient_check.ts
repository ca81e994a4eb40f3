/**
 * Compares gradients with finite differences, entry by entry.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { gradients } from "../../engine/autodiff/backward.ts";
import { reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { Slopes } from "../../registry/testing/gradient_check.ts";
import { feedsOf, inputsOf, type Sample } from "./_run.ts";

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
  const differentiated = samples.flatMap(({ dtype = "float32", frozen }, index) =>
    dtype === "float32" && !frozen ? [index] : []
  );
  const wrt = differentiated.map((index) => inputs[index]);
  for (const [index, tensor] of gradients(reduceSum(value), wrt).entries()) {
    assertEquals([tensor.shape, tensor.dtype], [wrt[index].shape, wrt[index].dtype]);
  }
  await using slopes = await Slopes.create({ outputs: [value], wrt, feeds: feedsOf(samples) });
  const [{ shape }] = slopes.values;
  assertEquals(
    value.shape.map((dim, axis) => typeof dim === "number" ? dim : shape[axis]),
    [...shape],
    "the run-time shape is not the declared one",
  );
  for (const [position, index] of differentiated.entries()) {
    const { shape, data } = slopes.gradients[position];
    assertEquals([...shape], [...samples[index].shape]);
    const expected = await differences(slopes, position, step);
    const error = errorOf(data as Float32Array, expected);
    assert(
      error <= tolerance,
      `gradient of argument ${index} is off by ${error}:\n` +
        `  ${Array.from(data, Number).slice(0, 12)}\nexpected\n  ${[...expected].slice(0, 12)}`,
    );
  }
  return { value, gradients: slopes.gradients.map(({ data }) => data as Float32Array) };
}

async function differences(slopes: Slopes, position: number, step: number): Promise<Float64Array> {
  const size = slopes.gradients[position].data.length;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const direction = new Float64Array(size);
    direction[i] = 1;
    result[i] = (await slopes.along(position, direction, step)).measured;
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
