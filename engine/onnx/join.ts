/**
 * Putting graphs together: the outputs of some feed the inputs of others.
 * @module
 */
import type { OnnxGraph, OnnxNode, OnnxValue } from "./graph.ts";
import { sameShape } from "../ir/dims.ts";

/**
 * Puts a prefix before every name of a graph that only the graph itself knows.
 * @param graph The graph.
 * @param prefix What names get in front.
 * @param kept Names that stay as they are: inputs that graphs share.
 * @returns The same graph with other names; its outputs have the prefix too.
 *
 * @example Two copies of a graph in one
 * ```ts
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { exp } from "../ir/elementwise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const graph = emit({ y: exp(input("x", "float32", ["batch"])) });
 * const { inputs, outputs } = withPrefix(graph, "first.", new Set(["x"]));
 * assertEquals([inputs[0].name, outputs[0].name], ["x", "first.y"]);
 * ```
 */
export function withPrefix(
  graph: OnnxGraph,
  prefix: string,
  kept: ReadonlySet<string> = new Set(),
): OnnxGraph {
  const rename = (name: string) => name === "" || kept.has(name) ? name : prefix + name;
  const renamed = <T extends { readonly name: string }>(value: T): T => ({
    ...value,
    name: rename(value.name),
  });
  return {
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
    inputs: graph.inputs.map(renamed),
    outputs: graph.outputs.map(renamed),
    initializers: graph.initializers.map(renamed),
  };
}

/**
 * Joins graphs to one: an input that has the name of an output of an earlier graph takes its value,
 * inputs of one name are one input.
 * @param graphs The graphs, makers before users; names of nodes and constants differ between them.
 * @param outputs Names of the outputs of the whole, in order.
 * @returns One graph.
 * @throws {TypeError} if inputs of one name differ, two graphs make one name, or an output is not
 *   made by any.
 *
 * @example The sum of what two graphs make
 * ```ts
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { add, exp } from "../ir/elementwise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const first = withPrefix(emit({ y: exp(input("x", "float32", [2])) }), "a.", new Set(["x"]));
 * const last = emit({ z: add(input("a.y", "float32", [2]), 1) });
 * const { inputs, outputs } = joinGraphs([first, last], ["z"]);
 * assertEquals([inputs.map(({ name }) => name), outputs[0].name], [["x"], "z"]);
 * ```
 */
export function joinGraphs(graphs: readonly OnnxGraph[], outputs: readonly string[]): OnnxGraph {
  const made = new Map<string, OnnxValue>();
  const inputs = new Map<string, OnnxValue>();
  const names = new Set<string>();
  for (const graph of graphs) {
    for (const value of graph.inputs) {
      const known = made.get(value.name) ?? inputs.get(value.name);
      if (known === undefined) inputs.set(value.name, value);
      else requireAlike(known, value);
    }
    for (const name of namesMadeIn(graph)) requireNew(name, names);
    for (const value of graph.outputs) made.set(value.name, value);
  }
  return {
    nodes: graphs.flatMap(({ nodes }): readonly OnnxNode[] => nodes),
    inputs: [...inputs.values()],
    outputs: outputs.map((name) => made.get(name) ?? refuseOutput(name)),
    initializers: graphs.flatMap(({ initializers }) => initializers),
  };
}

function namesMadeIn({ nodes, initializers }: OnnxGraph): string[] {
  return [...nodes.flatMap(({ outputs }) => outputs), ...initializers.map(({ name }) => name)]
    .filter((name) => name !== "");
}

function requireNew(name: string, names: Set<string>): void {
  if (names.has(name)) throw new TypeError(`Cannot join graphs: two of them make "${name}"`);
  names.add(name);
}

function requireAlike(known: OnnxValue, value: OnnxValue): void {
  if (known.dtype === value.dtype && sameShape(known.shape, value.shape)) return;
  const text = ({ dtype, shape }: OnnxValue) => `${dtype} [${shape.join(", ")}]`;
  throw new TypeError(
    `Cannot join graphs: "${value.name}" is ${text(known)} in one and ${text(value)} in another`,
  );
}

function refuseOutput(name: string): never {
  throw new TypeError(`Cannot join graphs: none of them has the output "${name}"`);
}
