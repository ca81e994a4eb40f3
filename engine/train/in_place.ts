/**
 * Which values of a graph may be written over the inputs that they replace.
 * @module
 */
import type { OnnxGraph, OnnxNode } from "../onnx/emit.ts";

/** Operators that read each entry before they write it, and no other entry for it. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Max",
  "Min",
  "Neg",
  "Abs",
  "Sqrt",
]);

/** A value that a graph replaces: the name of its input, and that of the output. */
export interface Replacement {
  /** Graph input that holds the value now. */
  readonly input: string;
  /** Graph output that is the next value. */
  readonly output: string;
}

/**
 * Tells which values may share one buffer with what replaces them. That is safe where nothing reads
 * the input, or one elementwise operator only, and the new value is computed from what it gives.
 * @param graph The graph.
 * @param replacements The values.
 * @returns Those that need no second buffer.
 */
export function replaceableInPlace<R extends Replacement>(
  graph: OnnxGraph,
  replacements: readonly R[],
): ReadonlySet<R> {
  const reads = new Reads(graph);
  return new Set(replacements.filter(({ input, output }) => reads.allow(input, output)));
}

/** Who reads what in a graph. */
class Reads {
  readonly #nodes: readonly OnnxNode[];
  readonly #readers = new Map<string, number[]>();
  readonly #outputs: ReadonlySet<string>;

  constructor({ nodes, outputs }: OnnxGraph) {
    this.#nodes = nodes;
    this.#outputs = new Set(outputs.map(({ name }) => name));
    for (const [index, { inputs }] of nodes.entries()) {
      for (const name of new Set(inputs)) {
        const readers = this.#readers.get(name);
        if (readers) readers.push(index);
        else this.#readers.set(name, [index]);
      }
    }
  }

  allow(input: string, output: string): boolean {
    return !this.#readers.has(input) || this.#onlyLeadsTo(input, output);
  }

  #onlyLeadsTo(value: string, output: string): boolean {
    const [first, ...others] = this.#readers.get(value) ?? [];
    if (first === undefined || others.length > 0) return false;
    const { op, outputs: [result] } = this.#nodes[first];
    if (op !== "Identity") return ELEMENTWISE.has(op) && this.#reaches(first, output);
    if (this.#outputs.has(result)) return result === output;
    // The runtime cuts it out: whoever reads the result then reads the value.
    return this.#onlyLeadsTo(result, output);
  }

  /** Whether a value is computed from what the node at `start` gives. */
  #reaches(start: number, value: string): boolean {
    const reached = new Set(this.#nodes[start].outputs);
    for (let index = start + 1; index < this.#nodes.length && !reached.has(value); index++) {
      const { inputs, outputs } = this.#nodes[index];
      if (inputs.some((name) => reached.has(name))) outputs.forEach((name) => reached.add(name));
    }
    return reached.has(value);
  }
}
