/**
 * Runs graphs in the real runtime, for tests.
 * @module
 */
import { allocate, input } from "../../engine/ir/create.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { DType, Shape } from "../../engine/ir/types.ts";
import { Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";

/** A graph input with the values that it gets. */
export interface Sample {
  /** Values, row-major. */
  readonly values: readonly number[];
  /** Shape of the values. */
  readonly shape: readonly number[];
  /** Shape that the graph declares. @default {shape} */
  readonly declared?: Shape;
  /** Element type. @default {"float32"} */
  readonly dtype?: DType;
  /** Whether a gradient is taken. @default {true for float32} */
  readonly frozen?: boolean;
}

/** Numbers between `low` and `high` that are the same in every run. */
export function numbers(count: number, seed = 1, [low, high] = [-1.5, 1.5]): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => Math.fround(low + (high - low) * random.float()));
}

/** A sample of {@linkcode numbers}. */
export function sample(shape: readonly number[], options: {
  readonly seed?: number;
  readonly between?: readonly [number, number];
  readonly declared?: Shape;
  readonly frozen?: boolean;
} = {}): Sample {
  const { seed = 1, between = [-1.5, 1.5], declared, frozen } = options;
  return { values: numbers(sizeOf(shape), seed, [...between]), shape, declared, frozen };
}

/** The numbers 0, 1, 2, … */
export function counting(shape: readonly number[], declared?: Shape): Sample {
  const size = shape.reduce((a, b) => a * b, 1);
  return { values: Array.from({ length: size }, (_, i) => i), shape, declared };
}

/** A sample of class or row indices. */
export function indices(
  values: readonly number[],
  shape: readonly number[] = [values.length],
  declared?: Shape,
): Sample {
  return { values, shape, declared, dtype: "int64" };
}

/** Name of the graph input of a sample. */
export function sampleName(index: number): string {
  return `sample_${index}`;
}

/** The graph inputs of samples. */
export function inputsOf(samples: readonly Sample[]): Tensor[] {
  return samples.map(({ shape, declared = shape, dtype = "float32" }, index) =>
    input(sampleName(index), dtype, declared)
  );
}

/** A sample's values as the runtime takes them. */
export function valueOf({ values, shape, dtype = "float32" }: Sample): Value {
  const data = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++) {
    data[i] = dtype === "int64" ? BigInt(values[i]) : values[i];
  }
  return { dtype, shape, data };
}

/** Feeds of samples, by the names that {@linkcode inputsOf} gave. */
export function feedsOf(samples: readonly Sample[]): Record<string, Value> {
  return Object.fromEntries(samples.map((each, index) => [sampleName(index), valueOf(each)]));
}

/** An output, with its values as numbers. */
export interface Result {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly values: readonly number[];
}

/** Computes tensors once. */
export async function evaluate(
  outputs: readonly Tensor[],
  feeds: Readonly<Record<string, Value>> = {},
): Promise<Result[]> {
  const named = Object.fromEntries(outputs.map((tensor, index) => [`result_${index}`, tensor]));
  const session = await Session.create(named, { threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return outputs.map((_, index) => {
    const { shape, dtype, data } = results[`result_${index}`];
    return { shape: [...shape], dtype, values: Array.from(data, Number) };
  });
}

/** Computes a function of samples. */
export async function evaluateOn(
  build: (...tensors: Tensor[]) => Tensor,
  ...samples: readonly Sample[]
): Promise<Result> {
  return (await evaluate([build(...inputsOf(samples))], feedsOf(samples)))[0];
}
