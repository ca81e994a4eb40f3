/**
 * Weights stored as float16, so that a file is half as large; everything is computed in float32.
 * @module
 */
import { elementTypes, int } from "./emit.ts";
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "./graph.ts";

/** Largest finite float16. */
const LARGEST = 65504;
/** Constants of fewer values stay as they are: nothing is saved with them. */
const FEWEST = 16;

/**
 * Stores the float32 constants of a graph as float16.
 * @param graph The graph.
 * @returns The same graph, whose constants are cast back to float32 where they are used.
 * @throws {RangeError} if a constant has a value beyond what float16 can hold; the message names it.
 *
 * @example Half the bytes
 * ```ts
 * import { bakeInputs } from "./bake.ts";
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { mul } from "../ir/elementwise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const w = input("w", "float32", [64]);
 * const weights = new Map([["w", { shape: [64], values: new Float32Array(64) }]]);
 * const { initializers, nodes } = withHalfWeights(bakeInputs(emit({ y: mul(w, w) }), weights));
 * assertEquals([initializers[0].dtype, nodes[0].op], ["float16", "Cast"]);
 * ```
 */
export function withHalfWeights(graph: OnnxGraph): OnnxGraph {
  const casts: OnnxNode[] = [];
  const initializers = graph.initializers.map((initializer): OnnxInitializer => {
    const { name, dtype, values } = initializer;
    if (dtype !== "float32" || values.length < FEWEST) return initializer;
    const half = `${name}.float16`;
    const attributes = { to: int(elementTypes.float32) };
    casts.push({ op: "Cast", inputs: [half], outputs: [name], attributes });
    return halfConstant(initializer, half);
  });
  return { ...graph, initializers, nodes: [...casts, ...graph.nodes] };
}

/**
 * Stores a float32 constant as float16.
 * @param constant The constant.
 * @param name Its name then.
 * @throws {RangeError} if a value is beyond what float16 can hold; the message names the constant.
 */
export function halfConstant(constant: OnnxInitializer, name: string): OnnxInitializer {
  const floats = constant.values as Float32Array;
  const beyond = floats.find((value) => Number.isFinite(value) && Math.abs(value) > LARGEST);
  if (beyond !== undefined) {
    throw new RangeError(
      `Cannot store "${constant.name}" as float16: its value ${beyond} is beyond ±${LARGEST}`,
    );
  }
  const values = new Uint16Array(Float16Array.from(floats).buffer);
  return { ...constant, name, dtype: "float16", values };
}
