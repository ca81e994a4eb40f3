/**
 * Initial values of parameters, by PyTorch's rules.
 * @module
 */
import type { Random } from "../random.ts";
import { sizeOf } from "../ir/dims.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * Gives the values that another parameter of the model starts from: those loaded from a file, where
 * one was loaded.
 * @param parameter The graph input that holds it.
 * @category Initializers
 */
export type StartOf = (parameter: Tensor) => Float32Array<ArrayBuffer>;

/**
 * Fills a new parameter.
 * @param shape Shape of the parameter.
 * @param random Generator that belongs to this parameter alone.
 * @param startOf What other parameters start from; {@linkcode startFrom} makes an initializer of it.
 * @category Initializers
 */
export type Initializer = (
  shape: readonly number[],
  random: Random,
  startOf?: StartOf,
) => Float32Array<ArrayBuffer>;

function fill(
  shape: readonly number[],
  value: (index: number) => number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = value(i);
  return values;
}

/**
 * Every entry is `value` (`torch.nn.init.constant_`).
 *
 * @example LayerScale begins small
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { constantInitializer } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const values = constantInitializer(0.5)([2], new Random(0));
 * assertEquals([...values], [0.5, 0.5]);
 * ```
 *
 * @category Initializers
 */
export function constantInitializer(value: number): Initializer {
  return (shape) => fill(shape, () => value);
}

/**
 * Zeros (`torch.nn.init.zeros_`).
 *
 * @example A bias
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { zeros } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...zeros([2], new Random(0))], [0, 0]);
 * ```
 *
 * @category Initializers
 */
export const zeros: Initializer = constantInitializer(0);

/**
 * Ones (`torch.nn.init.ones_`).
 *
 * @example The weight of a norm
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { ones } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...ones([2], new Random(0))], [1, 1]);
 * ```
 *
 * @category Initializers
 */
export const ones: Initializer = constantInitializer(1);

/**
 * Uniform in `[-bound, bound)` (`torch.nn.init.uniform_`).
 *
 * @example The mean square is a third of the bound's
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { uniform } from "@glovita/glovita/nn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const values = uniform(3)([10_000], new Random(0));
 * const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
 * assertAlmostEquals(square, 3, 0.1);
 * ```
 *
 * @category Initializers
 */
export function uniform(bound: number): Initializer {
  return (shape, random) => fill(shape, () => (2 * random.float() - 1) * bound);
}

/**
 * Normal with mean 0 (`torch.nn.init.normal_`).
 *
 * @example The mean square is the variance
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { normal } from "@glovita/glovita/nn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const values = normal(0.5)([10_000], new Random(0));
 * const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
 * assertAlmostEquals(square, 0.25, 0.01);
 * ```
 *
 * @category Initializers
 */
export function normal(std: number): Initializer {
  return (shape, random) => fill(shape, () => random.normal() * std);
}

/**
 * Normal with mean 0, redrawn until within two (`torch.nn.init.trunc_normal_`, a=-2, b=2).
 *
 * @example No value is beyond two
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { truncatedNormal } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const values = truncatedNormal(1)([10_000], new Random(0));
 * assertEquals(values.every((value) => Math.abs(value) <= 2), true);
 * ```
 *
 * @category Initializers
 */
export function truncatedNormal(std: number): Initializer {
  return (shape, random) =>
    fill(shape, () => {
      for (;;) {
        const value = random.normal() * std;
        if (Math.abs(value) <= 2) return value;
      }
    });
}

/**
 * Uniform by Glorot & Bengio 2010 (`torch.nn.init.xavier_uniform_`, gain 1).
 *
 * @example The bound follows from inputs and outputs
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { xavierUniform } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const values = xavierUniform([2, 4], new Random(0)); // bound √(6 / (2 + 4))
 * assertEquals(values.every((value) => Math.abs(value) <= 1), true);
 * ```
 *
 * @category Initializers
 */
export const xavierUniform: Initializer = (shape, random): Float32Array<ArrayBuffer> => {
  const receptive = sizeOf(shape.slice(2));
  return uniform(Math.sqrt(6 / ((shape[0] + shape[1]) * receptive)))(shape, random);
};

/**
 * Default of `torch.nn.Linear` and `torch.nn.Conv2d` for weights and biases:
 * uniform in ±1/√fan_in (`kaiming_uniform_` with a = √5 comes to the same).
 * @param fanIn Inputs that one output sums over.
 *
 * @example The bound of a layer with 100 inputs
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { torchDefault } from "@glovita/glovita/nn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const values = torchDefault(100)([1000], new Random(0));
 * const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
 * assertAlmostEquals(largest, 0.1, 1e-3);
 * ```
 *
 * @category Initializers
 */
export function torchDefault(fanIn: number): Initializer {
  return uniform(fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0);
}

/**
 * Values that follow from those of other parameters, which may come from a file of weights.
 * @param parameters The other parameters, as their scope has given them.
 * @param compute Computes the values from theirs, given in the same order.
 *
 * @example A scale that starts from the largest weight
 * ```ts
 * import { Parameters, startFrom, torchDefault } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = parameters.scope();
 * const weight = scope.parameter("weight", [3], torchDefault(3));
 * scope.parameter("scale", [1], startFrom([weight], ([values]) => Float32Array.of(Math.max(...values))));
 * assertEquals(parameters.list().map(({ name }) => name), ["weight", "scale"]);
 * ```
 *
 * @category Initializers
 */
export function startFrom(
  parameters: readonly Tensor[],
  compute: (
    values: readonly Float32Array<ArrayBuffer>[],
    shape: readonly number[],
  ) => Float32Array<ArrayBuffer>,
): Initializer {
  return (shape, _random, startOf) => {
    if (startOf === undefined) {
      throw new TypeError("Cannot start from other parameters: their values are not known here");
    }
    return compute(parameters.map(startOf), shape);
  };
}
