/**
 * What the runtime's WebGPU provider lacks: operators that are written as others, and those that it
 * must be told to leave to the CPU.
 */
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "../onnx/emit.ts";

/** An operator as it is written in a graph for WebGPU. */
interface Rewritten {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
}

/** How operators are written that the provider has no kernel for. */
const REWRITES: Readonly<Record<string, (node: OnnxNode) => Rewritten>> = {
  LogSoftmax: logSoftmax,
  BatchNormalization: batchNormalization,
};

/**
 * Writes operators that the provider has no kernel for as several that it has: it would fail, or a
 * tensor would go to the CPU and back.
 * @param graph The graph.
 * @returns A graph of the same values.
 */
export function withWebGpuOperators(graph: OnnxGraph): OnnxGraph {
  if (graph.nodes.every(({ op }) => !Object.hasOwn(REWRITES, op))) return graph;
  const parts = graph.nodes.map((node): Rewritten =>
    Object.hasOwn(REWRITES, node.op) ? REWRITES[node.op](node) : { nodes: [node], initializers: [] }
  );
  return {
    ...graph,
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: [...graph.initializers, ...parts.flatMap(({ initializers }) => initializers)],
  };
}

/** Nodes that take the place of one, with names that begin with its first output's. */
class Rewriting implements Rewritten {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly #prefix: string;
  readonly #part: string | undefined;

  constructor({ outputs: [name], part }: OnnxNode) {
    this.#prefix = name;
    this.#part = part;
  }

  /** Adds a node; its output gets a name of its own, or the one given. */
  add(op: string, inputs: readonly string[], output = this.#name()): string {
    const keepdims = { kind: "int", value: 1 } as const;
    const attributes: OnnxNode["attributes"] = op.startsWith("Reduce") ? { keepdims } : {};
    this.nodes.push({ op, inputs, outputs: [output], attributes, part: this.#part });
    return output;
  }

  integers(...values: readonly number[]): string {
    const name = this.#name();
    const data = BigInt64Array.from(values, BigInt);
    this.initializers.push({ name, dtype: "int64", shape: [values.length], values: data });
    return name;
  }

  float(value: number): string {
    const name = this.#name();
    const values = Float32Array.of(value);
    this.initializers.push({ name, dtype: "float32", shape: [], values });
    return name;
  }

  #name(): string {
    return `${this.#prefix}/webgpu${this.nodes.length + this.initializers.length}`;
  }
}

/** x − max − log Σ exp(x − max). */
function logSoftmax(node: OnnxNode): Rewritten {
  const { inputs: [x], outputs: [y], attributes: { axis } } = node;
  const graph = new Rewriting(node);
  const axes = graph.integers(Number(axis.value));
  const shifted = graph.add("Sub", [x, graph.add("ReduceMax", [x, axes])]);
  const sum = graph.add("ReduceSum", [graph.add("Exp", [shifted]), axes]);
  graph.add("Sub", [shifted, graph.add("Log", [sum])], y);
  return graph;
}

/** In training: by mean and variance of the batch, which are the further outputs. */
function batchNormalization(node: OnnxNode): Rewritten {
  const { inputs: [x, weight, bias], outputs: [y, mean, variance], attributes } = node;
  const graph = new Rewriting(node);
  const add = graph.add.bind(graph);
  const axes = graph.integers(0, 2);
  const perChannel = graph.integers(1, -1, 1);
  const flat = graph.integers(-1);
  const values = add("Reshape", [x, graph.integers(0, 0, -1)]);
  const means = add("ReduceMean", [values, axes]);
  const centered = add("Sub", [values, means]);
  const variances = add("ReduceMean", [add("Mul", [centered, centered]), axes]);
  const epsilon = graph.float(Number(attributes.epsilon.value));
  const deviation = add("Sqrt", [add("Add", [variances, epsilon])]);
  const normal = add("Div", [centered, deviation]);
  const scaled = add("Mul", [normal, add("Reshape", [weight, perChannel])]);
  const shifted = add("Add", [scaled, add("Reshape", [bias, perChannel])]);
  add("Reshape", [shifted, add("Shape", [x])], y);
  if (mean) add("Reshape", [means, flat], mean);
  if (variance) add("Reshape", [variances, flat], variance);
  return graph;
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
