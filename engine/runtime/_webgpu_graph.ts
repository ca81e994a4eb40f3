/**
 * What the runtime's WebGPU provider lacks: operators that are written as others, and those that it
 * must be told to leave to the CPU.
 */
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "../onnx/emit.ts";

/** Operator by operator, as it is written in a graph for WebGPU. */
interface Rewritten {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
}

/**
 * Writes operators that the provider has no kernel for as several that it has: a tensor would go to
 * the CPU and back otherwise.
 * @param graph The graph.
 * @returns A graph of the same values.
 */
export function withWebGpuOperators(graph: OnnxGraph): OnnxGraph {
  if (graph.nodes.every(({ op }) => op !== "LogSoftmax")) return graph;
  const parts = graph.nodes.map((node): Rewritten =>
    node.op === "LogSoftmax" ? logSoftmax(node) : { nodes: [node], initializers: [] }
  );
  return {
    ...graph,
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: [...graph.initializers, ...parts.flatMap(({ initializers }) => initializers)],
  };
}

/** x − max − log Σ exp(x − max). */
function logSoftmax({ inputs: [x], outputs: [y], attributes, part }: OnnxNode): Rewritten {
  const { value: axis } = attributes.axis;
  const name = (what: string) => `${y}/${what}`;
  const axes = name("axes");
  const node = (op: string, inputs: readonly string[], output: string): OnnxNode => ({
    op,
    inputs,
    outputs: [output],
    attributes: op.startsWith("Reduce") ? { keepdims: { kind: "int", value: 1 } } : {},
    part,
  });
  return {
    nodes: [
      node("ReduceMax", [x, axes], name("max")),
      node("Sub", [x, name("max")], name("shifted")),
      node("Exp", [name("shifted")], name("exp")),
      node("ReduceSum", [name("exp"), axes], name("sum")),
      node("Log", [name("sum")], name("log")),
      node("Sub", [name("shifted"), name("log")], y),
    ],
    initializers: [
      { name: axes, dtype: "int64", shape: [1], values: BigInt64Array.of(BigInt(axis as number)) },
    ],
  };
}

/**
 * Names the nodes that the provider takes and cannot compute: pooling that gives the places of the
 * largest values.
 * @param graph The graph.
 */
export function nodesForCpu({ nodes }: OnnxGraph): string[] {
  return nodes.filter(({ op, outputs }) => op === "MaxPool" && outputs.length > 1)
    .map(({ outputs: [name] }) => name);
}
