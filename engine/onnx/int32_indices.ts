/**
 * Arithmetic of indices in int32. The WebGPU provider has no kernels for int64, so that the CPU would
 * compute indices and upload them. Sizes stay int64 and on the CPU, where the runtime needs them.
 * @module
 */
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "./graph.ts";
import { elementTypes, int } from "./emit.ts";
import { Retyping } from "./retyping.ts";
import { valueTypes } from "./value_types.ts";

/** Operands of operators that hold sizes, axes or places for the runtime itself to read. */
const SIZES: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Slice: [1, 2, 3, 4],
  Pad: [1],
  TopK: [1],
  OneHot: [1],
  CumSum: [1],
  Range: [0, 1, 2],
  ReduceSum: [1],
  ReduceMean: [1],
  ReduceMax: [1],
  ReduceMin: [1],
  ReduceSumSquare: [1],
};

/** Operators that compute with indices in int32. */
const INT32: ReadonlySet<string> = new Set([
  ...["Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Abs", "Where"],
  ...["Equal", "Less", "Greater", "GreaterOrEqual", "Cast", "Identity", "CumSum", "Range"],
  ...["Reshape", "Expand", "Transpose", "Concat", "Slice", "Gather", "GatherElements"],
  ...["ScatterElements"],
]);

/** Operators that take indices of either type. */
const EITHER: Readonly<Record<string, number>> = {
  Gather: 1,
  GatherElements: 1,
  ScatterElements: 1,
};

/**
 * Lets a graph compute its indices in int32: no index of a tensor that a device can hold is larger.
 * @param graph A graph that this engine has emitted.
 * @returns A graph of the same values; its inputs of int64 are int32, but for those that are sizes.
 *
 * @example The places of rows
 * ```ts
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { add } from "../ir/elementwise.ts";
 * import { gather } from "../ir/indexing.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x, at] = [input("x", "float32", [9]), input("at", "int64", [2])];
 * const { inputs, nodes } = withInt32Indices(emit({ y: gather(x, add(at, 1)) }));
 * assertEquals(inputs.map(({ dtype }) => dtype), ["float32", "int32"]);
 * assertEquals(nodes.map(({ op }) => op), ["Add", "Gather"]);
 * ```
 */
export function withInt32Indices(graph: OnnxGraph): OnnxGraph {
  const types = valueTypes(graph);
  const sizes = sizesOf(graph, (name) => types.get(name) === "int64");
  const retyping = new Retyping(graph, {
    ...{ from: "int64", to: "int32" },
    input: (name) => !sizes.has(name),
    constant: int32Constant,
  });
  for (const node of graph.nodes) {
    const isSize = node.outputs.some((name) => sizes.has(name));
    if (isSize || !INT32.has(node.op)) retyping.keep(node);
    else {retyping.convert(written(node, types.get(node.outputs[0])), (name, at) => {
        if (node.op === "Range") return true;
        if (SIZES[node.op]?.includes(at)) return false;
        return EITHER[node.op] !== at || retyping.isConverted(name);
      });}
  }
  return retyping.finish();
}

/** The values that the runtime reads itself, and what they are made of. */
function sizesOf({ nodes }: OnnxGraph, isInt64: (name: string) => boolean): ReadonlySet<string> {
  const sizes = new Set<string>();
  for (const { op, inputs, outputs } of nodes.toReversed()) {
    if (op === "Shape") continue; // It reads no values.
    const read = outputs.some((name) => sizes.has(name))
      ? inputs
      : inputs.filter((_, at) => SIZES[op]?.includes(at));
    for (const name of read) if (isInt64(name)) sizes.add(name);
  }
  return sizes;
}

function written(node: OnnxNode, type: string | undefined): OnnxNode {
  if (node.op !== "Cast" || type !== "int64") return node;
  return { ...node, attributes: { to: int(elementTypes.int32) } };
}

function int32Constant(constant: OnnxInitializer, name: string): OnnxInitializer {
  return { ...constant, name, dtype: "int32", values: int32s(constant.values as BigInt64Array) };
}

/**
 * Writes indices as int32.
 * @param indices The indices.
 * @throws {RangeError} if one is too large, as none of a tensor is.
 */
export function int32s(indices: BigInt64Array): Int32Array<ArrayBuffer> {
  const values = Int32Array.from(indices, Number);
  const at = values.findIndex((value, i) => BigInt(value) !== indices[i]);
  if (at < 0) return values;
  throw new RangeError(`Cannot use ${indices[at]} as an index: int32 ends at 2147483647`);
}
