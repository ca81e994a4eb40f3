/**
 * Computing parts of a graph in another element type: values are cast where the parts meet, and each
 * of them once.
 * @module
 */
import type { DType } from "../ir/types.ts";
import { elementTypes, int } from "./emit.ts";
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "./graph.ts";
import { valueTypes } from "./value_types.ts";

/** From what type to what type. */
export interface RetypingOptions {
  /** The type as it is. */
  readonly from: DType;
  /** The other one. */
  readonly to: DType;
  /** Tells which inputs of the one type become inputs of the other. @default {none} */
  input?(name: string): boolean;
  /** Writes a constant in the other type, under another name. */
  constant(constant: OnnxInitializer, name: string): OnnxInitializer;
}

/**
 * Writes a graph anew, node after node: some as they were, some in the other type.
 *
 * @example A product of int32 in the place of one of int64
 * ```ts
 * import { emit } from "./emit.ts";
 * import { input } from "../ir/create.ts";
 * import { mul } from "../ir/elementwise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const graph = emit({ y: mul(input("x", "int64", [2]), input("z", "int64", [2])) });
 * const retyping = new Retyping(graph, {
 *   ...{ from: "int64", to: "int32" },
 *   constant: (constant, name) => ({ ...constant, name, dtype: "int32" }),
 * });
 * for (const node of graph.nodes) retyping.convert(node);
 * const { nodes } = retyping.finish();
 * assertEquals(nodes.map(({ op }) => op), ["Cast", "Cast", "Mul", "Cast"]);
 * ```
 */
export class Retyping {
  readonly #graph: OnnxGraph;
  readonly #options: RetypingOptions;
  readonly #types: ReadonlyMap<string, DType>;
  readonly #constants: ReadonlyMap<string, OnnxInitializer>;
  readonly #nodes: OnnxNode[] = [];
  readonly #written: OnnxInitializer[] = [];
  /** Values that are there as they were. */
  readonly #kept: Set<string>;
  /** Names of values in the other type, by their names. */
  readonly #converted = new Map<string, string>();
  /** Inputs of the other type. */
  readonly #inputs = new Set<string>();

  /**
   * @param graph A graph that this engine has emitted.
   * @param options From what type to what type.
   */
  constructor(graph: OnnxGraph, options: RetypingOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#types = valueTypes(graph);
    this.#constants = new Map(graph.initializers.map((constant) => [constant.name, constant]));
    this.#kept = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name));
    for (const { name } of graph.inputs) {
      if (!this.concerns(name) || !options.input?.(name)) continue;
      this.#inputs.add(name);
      this.#kept.delete(name);
      this.#converted.set(name, name);
    }
  }

  /** @param name A value. @returns Whether it is of the type that is converted. */
  concerns(name: string): boolean {
    return this.#types.get(name) === this.#options.from;
  }

  /** @param name A value. @returns Whether it is there in the other type, without a cast. */
  isConverted(name: string): boolean {
    return this.#converted.has(name) || this.#constants.has(name);
  }

  /** Writes a node as it was. @param node The node. */
  keep(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => this.concerns(name) ? this.#asItWas(name) : name);
    for (const name of node.outputs) this.#kept.add(name);
    this.#nodes.push({ ...node, inputs });
  }

  /**
   * Writes a node in the other type.
   * @param node The node.
   * @param reads Whether an operand of the type is converted. @default {all}
   */
  convert(node: OnnxNode, reads: (name: string, at: number) => boolean = () => true): void {
    const inputs = node.inputs.map((name, at) => {
      if (!this.concerns(name)) return name;
      return reads(name, at) ? this.#converting(name) : this.#asItWas(name);
    });
    const outputs = node.outputs.map((name) => {
      if (!this.concerns(name)) return name;
      const other = this.#otherName(name);
      this.#converted.set(name, other);
      return other;
    });
    this.#nodes.push({ ...node, inputs, outputs });
  }

  /** @returns The graph; its outputs are of the types that they were. */
  finish(): OnnxGraph {
    const { outputs, initializers } = this.#graph;
    const inputs = this.#graph.inputs.map((input) =>
      this.#inputs.has(input.name) ? { ...input, dtype: this.#options.to } : input
    );
    for (const { name } of outputs) if (this.concerns(name)) this.#asItWas(name);
    const read = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    const kept = initializers.filter(({ name }) => read.has(name));
    const constants = [...kept, ...this.#written];
    return { ...this.#graph, inputs, nodes: this.#nodes, initializers: constants };
  }

  #otherName(name: string): string {
    return `${name}.${this.#options.to}`;
  }

  #converting(name: string): string {
    const known = this.#converted.get(name);
    if (known !== undefined) return known;
    const other = this.#otherName(name);
    const constant = this.#constants.get(name);
    if (constant !== undefined) this.#written.push(this.#options.constant(constant, other));
    else this.#cast(name, other, this.#options.to);
    this.#converted.set(name, other);
    return other;
  }

  #asItWas(name: string): string {
    const { from } = this.#options;
    const known = this.#inputs.has(name) ? `${name}.${from}` : name;
    if (this.#kept.has(name)) return known;
    this.#cast(this.#converted.get(name)!, known, from);
    this.#kept.add(name);
    return known;
  }

  #cast(from: string, to: string, type: DType): void {
    const attributes = { to: int(elementTypes[type]) };
    this.#nodes.push({ op: "Cast", inputs: [from], outputs: [to], attributes });
  }
}
