/**
 * Initial values of parameters, by PyTorch's rules.
 * @module
 */
import type { Random } from "../random.ts";
import { sizeOf } from "../ir/dims.ts";

/**
 * Fills a new parameter.
 * @param shape Shape of the parameter.
 * @param random Generator that belongs to this parameter alone.
 */
export type Initializer = (shape: readonly number[], random: Random) => Float32Array<ArrayBuffer>;

function fill(
  shape: readonly number[],
  value: (index: number) => number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = value(i);
  return values;
}

/** Every entry is `value` (`torch.nn.init.constant_`). */
export function constantInitializer(value: number): Initializer {
  return (shape) => fill(shape, () => value);
}

/** Zeros (`torch.nn.init.zeros_`). */
export const zeros: Initializer = constantInitializer(0);

/** Ones (`torch.nn.init.ones_`). */
export const ones: Initializer = constantInitializer(1);

/** Uniform in `[-bound, bound)` (`torch.nn.init.uniform_`). */
export function uniform(bound: number): Initializer {
  return (shape, random) => fill(shape, () => (2 * random.float() - 1) * bound);
}

/** Normal with mean 0 (`torch.nn.init.normal_`). */
export function normal(std: number): Initializer {
  return (shape, random) => fill(shape, () => random.normal() * std);
}

/** Normal with mean 0, redrawn until within two (`torch.nn.init.trunc_normal_`, a=-2, b=2). */
export function truncatedNormal(std: number): Initializer {
  return (shape, random) =>
    fill(shape, () => {
      for (;;) {
        const value = random.normal() * std;
        if (Math.abs(value) <= 2) return value;
      }
    });
}

/** Uniform by Glorot & Bengio 2010 (`torch.nn.init.xavier_uniform_`, gain 1). */
export const xavierUniform: Initializer = (shape, random): Float32Array<ArrayBuffer> => {
  const receptive = sizeOf(shape.slice(2));
  return uniform(Math.sqrt(6 / ((shape[0] + shape[1]) * receptive)))(shape, random);
};

/**
 * Default of `torch.nn.Linear` and `torch.nn.Conv2d` for weights and biases:
 * uniform in ±1/√fan_in (`kaiming_uniform_` with a = √5 comes to the same).
 * @param fanIn Inputs that one output sums over.
 */
export function torchDefault(fanIn: number): Initializer {
  return uniform(fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0);
}
