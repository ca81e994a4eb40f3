/**
 * How large the channels of what goes into linear layers become.
 * @module
 */
import { LayerWriter, wideLayers } from "./_wide_layers.ts";
import type { OnnxGraph, OnnxNode } from "./emit.ts";

/** A graph that measures, and what its outputs are about. */
export interface RangesGraph {
  /** Computes the largest magnitude in every channel, one output for each tensor. */
  readonly graph: OnnxGraph;
  /** Names of the tensors in the graph that was given, in the order of the outputs. */
  readonly tensors: readonly string[];
}

/**
 * Makes a graph that measures the channels of what goes into wide linear layers.
 * @param graph The graph.
 * @returns A graph with the same inputs, and other outputs.
 *
 * @example A layer right behind the input
 * ```ts
 * import { emit, input } from "@glovita/glovita/engine";
 * import { linear } from "@glovita/glovita/nn";
 * import { bakeInputs } from "./bake.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x, w] = [input("x", "float32", ["rows", 384]), input("w", "float32", [384, 384])];
 * const weight = { shape: [384, 384], values: new Float32Array(384 * 384) };
 * const graph = bakeInputs(emit({ y: linear(x, w) }), new Map([["w", weight]]));
 * assertEquals(channelRanges(graph).tensors, ["x"]);
 * ```
 */
export function channelRanges(graph: OnnxGraph): RangesGraph {
  const writer = new LayerWriter(graph.opset);
  writer.nodes.push(...graph.nodes);
  const widths = new Map(wideLayers(graph).map(({ node, inputs }) => [node.inputs[0], inputs]));
  const outputs = [...widths].map(([name, width]) => ({
    name: writer.largestInColumns(writer.asRows(name, width)),
    dtype: "float32" as const,
    shape: [width],
  }));
  const nodes = needed(writer.nodes, outputs.map(({ name }) => name));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const initializers = [...graph.initializers, ...writer.constants];
  return {
    tensors: [...widths.keys()],
    graph: {
      ...graph,
      nodes,
      outputs,
      initializers: initializers.filter(({ name }) => used.has(name)),
    },
  };
}

/** The nodes without which some tensors cannot be computed. */
function needed(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false;
    for (const name of node.inputs) wanted.add(name);
    return true;
  });
  return kept.reverse();
}
