/**
 * Finding out whether products of 8-bit integers are worth rounding float32 for.
 * @module
 */
import { input } from "../ir/create.ts";
import { linear } from "../nn/scope.ts";
import { bakeInputs } from "../onnx/bake.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { splitProducts } from "../onnx/split_products.ts";
import { Session, type Value } from "../runtime/session.ts";

const ROWS = 128;
const WIDTH = 1024;
const ROUNDS = 9;
/** Gain from which on it pays: with tiles for integers (AMX), splitting gained 1.6 to 2. */
const MIN_GAIN = 1.3;

/** How a layer is rewritten. */
export interface Int8Rewrite {
  /** Puts products of integers in the place of those of floats. @default {splitProducts} */
  readonly rewrite?: (graph: OnnxGraph) => OnnxGraph;
  /**
   * Largest error relative to the largest value; kernels that saturate are off by far more.
   * @default {1e-3}
   */
  readonly maxError?: number;
  /** Clock in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/**
 * Computes a linear layer both ways on one thread: no library says which kernels the runtime has for
 * this processor, and some of them cut sums of 8-bit products off at 16 bits.
 * @param how How the layer is rewritten, and how exact it must be.
 * @returns Whether the layer of integers is much faster, and right.
 */
export async function int8ProductsAreFaster(
  { rewrite = splitProducts, maxError = 1e-3, now = () => performance.now() }: Int8Rewrite = {},
): Promise<boolean> {
  const shape = [WIDTH, WIDTH];
  const y = linear(input("x", "float32", [ROWS, WIDTH]), input("w", "float32", shape));
  const weight = { shape, values: mixedValues(WIDTH * WIDTH) };
  const graph = bakeInputs(emit({ y }), new Map([["w", weight]]));
  const x: Value = { dtype: "float32", shape: [ROWS, WIDTH], data: mixedValues(ROWS * WIDTH) };
  const [whole, parts] = await measure([graph, rewrite(graph)], x, now);
  const largest = whole.y.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  const right = parts.y.every((value, i) => Math.abs(value - whole.y[i]) < maxError * largest);
  return right && whole.ms > MIN_GAIN * parts.ms;
}

/** Numbers between -0.5 and 0.5, in no order. */
function mixedValues(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (i * 0.6180339887) % 1 - 0.5);
}

interface Measured {
  readonly y: Float32Array;
  /** Of the fastest run. */
  readonly ms: number;
}

/** Runs the graphs in turn, so that whatever else the machine does slows both down. */
async function measure(
  graphs: readonly OnnxGraph[],
  x: Value,
  now: () => number,
): Promise<Measured[]> {
  const sessions: Session[] = [];
  try {
    for (const graph of graphs) sessions.push(await Session.compile(graph, { threads: 1 }));
    const fastest = sessions.map(() => Infinity);
    const outputs: Float32Array[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, session] of sessions.entries()) {
        const start = now();
        const { y } = await session.run({ x });
        fastest[i] = Math.min(fastest[i], now() - start);
        outputs[i] = y.data as Float32Array;
      }
    }
    return outputs.map((y, i) => ({ y, ms: fastest[i] }));
  } finally {
    for (const session of sessions) await session.release();
  }
}
