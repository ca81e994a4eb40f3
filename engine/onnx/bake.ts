/**
 * Fixing inputs of a graph to values, so that the runtime can prepare weights for its kernels.
 * @module
 */
import type { OnnxGraph, OnnxInitializer } from "./emit.ts";
import { sameShape } from "../ir/dims.ts";

/**
 * Turns inputs of a graph into initializers.
 * @param graph The graph.
 * @param values Values by name of the input; names that are not inputs are left out.
 * @returns The same graph without those inputs.
 * @throws {TypeError} if a value has another shape than its input.
 */
export function bakeInputs(
  graph: OnnxGraph,
  values: ReadonlyMap<string, Omit<OnnxInitializer, "name" | "dtype">>,
): OnnxGraph {
  const baked = graph.inputs.filter(({ name }) => values.has(name));
  const initializers = baked.map(({ name, dtype, shape }) => {
    const value = values.get(name)!;
    if (sameShape(value.shape, shape)) return { ...value, name, dtype };
    throw new TypeError(
      `Cannot fix input "${name}" [${shape.join(", ")}]: its value is [${value.shape.join(", ")}]`,
    );
  });
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !values.has(name)),
    initializers: [...graph.initializers, ...initializers],
  };
}
