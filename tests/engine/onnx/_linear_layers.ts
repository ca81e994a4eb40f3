/** Linear layers for tests of their products. */
import { input } from "../../../engine/ir/create.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { Random } from "../../../engine/random.ts";
import { Session } from "../../../engine/runtime/session.ts";

/** Channels of `x`. */
export const INPUTS = 400;
/** Channels of the result. */
export const OUTPUTS = 390;

/** Normally distributed numbers. */
export function normals(size: number, seed = 0): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => random.normal());
}

interface Shape {
  readonly inputs?: number;
  readonly outputs?: number;
}

/** Weights `[outputs, inputs]`. */
export const weights = normals(OUTPUTS * INPUTS, 1);
/** Biases. */
export const bias = normals(OUTPUTS, 2);

/** A layer with constant weights. */
export function layer(
  { inputs = INPUTS, outputs = OUTPUTS }: Shape = {},
  w: Float32Array = weights,
  b: Float32Array | null = bias,
): OnnxGraph {
  const x = input("x", "float32", ["rows", inputs]);
  const wide = input("w", "float32", [outputs, inputs]);
  const graph = emit({ y: linear(x, wide, b ? input("b", "float32", [outputs]) : undefined) });
  return bakeInputs(
    graph,
    new Map([
      ["w", { shape: [outputs, inputs], values: w.subarray(0, outputs * inputs) }],
      ...b ? [["b", { shape: [outputs], values: b.subarray(0, outputs) }] as const] : [],
    ]),
  );
}

/** Runs a graph on rows. */
export async function run(
  graph: OnnxGraph,
  data: Float32Array,
  shape: readonly number[] = [data.length / INPUTS, INPUTS],
): Promise<Float32Array> {
  const session = await Session.load(encode(graph), { threads: 1 });
  const x = { dtype: "float32", shape, data } as const;
  const { y } = await session.run({ x });
  await session.release();
  return y.data as Float32Array;
}

/** The layer in double precision. */
export function exactly(
  x: Float32Array,
  { w = weights, b = new Float32Array(OUTPUTS) } = {},
): Float64Array {
  return Float64Array.from({ length: x.length / INPUTS * OUTPUTS }, (_, at) => {
    const [row, output] = [Math.floor(at / OUTPUTS), at % OUTPUTS];
    let sum = b[output];
    for (let i = 0; i < INPUTS; i++) sum += x[row * INPUTS + i] * w[output * INPUTS + i];
    return sum;
  });
}

/** Norm of the error over that of what is expected. */
export function relativeError(found: ArrayLike<number>, expected: Float64Array): number {
  const squares = expected.reduce((sum, value) => sum + value ** 2, 0);
  const errors = expected.reduce((sum, value, i) => sum + (value - found[i]) ** 2, 0);
  return Math.sqrt(errors / squares);
}

/** Operators of a graph. */
export function operators({ nodes }: OnnxGraph): Set<string> {
  return new Set(nodes.map(({ op }) => op));
}
