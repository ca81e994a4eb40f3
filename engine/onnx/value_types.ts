/**
 * Element types of the values within a graph, which only its inputs, outputs and constants say.
 * @module
 */
import type { DType } from "../ir/types.ts";
import { elementTypes } from "./emit.ts";
import type { OnnxGraph, OnnxNode } from "./graph.ts";

/** Types of the values so far, by name. */
type Known = ReadonlyMap<string, DType>;

/** What a node's outputs are, where they are not what its first operand is. */
type TypeRule = (node: OnnxNode, known: Known) => readonly (DType | undefined)[];

const truth: TypeRule = () => ["bool"];
const position: TypeRule = () => ["int64"];
const withPlaces: TypeRule = ({ inputs: [x] }, known) => [known.get(x), "int64"];
const ofOperand = (at: number): TypeRule => ({ inputs }, known) => [known.get(inputs[at])];

const RULES: Readonly<Record<string, TypeRule>> = {
  Equal: truth,
  Greater: truth,
  Less: truth,
  GreaterOrEqual: truth,
  And: truth,
  Or: truth,
  Not: truth,
  Shape: position,
  ArgMax: position,
  TopK: withPlaces,
  MaxPool: withPlaces,
  Where: ofOperand(1),
  OneHot: ofOperand(2),
  Cast: ({ attributes: { to } }) => [castType(Number(to.value))],
};

/**
 * Finds the element types of all values.
 * @param graph A graph that this engine has emitted.
 * @returns Them by name; values of types that the engine does not know are left out.
 *
 * @example Which values are numbers, and which are truths
 * ```ts
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { greater } from "../ir/logic.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", [2]);
 * const types = valueTypes(emit({ y: greater(x, 0) }));
 * assertEquals([types.get("x"), types.get("y")], ["float32", "bool"]);
 * ```
 */
export function valueTypes({ inputs, initializers, nodes }: OnnxGraph): Known {
  const known = new Map<string, DType>();
  for (const { name, dtype } of [...inputs, ...initializers]) known.set(name, dtype);
  for (const node of nodes) {
    const first = known.get(node.inputs[0]);
    const found = Object.hasOwn(RULES, node.op) ? RULES[node.op](node, known) : [];
    for (const [at, name] of node.outputs.entries()) {
      const type = found.length > 0 ? found[at] : first;
      if (type !== undefined) known.set(name, type);
    }
  }
  return known;
}

function castType(number: number): DType | undefined {
  const types = Object.entries(elementTypes) as [DType, number][];
  return types.find(([, value]) => value === number)?.[0];
}
