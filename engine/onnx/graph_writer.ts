/**
 * Writing nodes of a graph by hand, for what has no operator in the engine: nothing is derived from
 * such graphs.
 * @module
 */
import type { TypedArray } from "../ir/types.ts";
import { elementTypes, int } from "./emit.ts";
import type { AttributeValue, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from "./graph.ts";

/** An attribute as it is written: integers, text, vectors of integers, or a value of any kind. */
export type WrittenAttribute = number | string | readonly number[] | AttributeValue;

/** Element types that a value may be cast to; `double` occurs within such graphs only. */
export type CastType = keyof typeof elementTypes | "double";

/** ONNX's number of `double`. */
const DOUBLE = 11;

/**
 * Collects nodes and constants.
 *
 * @example Twice the input
 * ```ts
 * import { encode } from "./encode.ts";
 * import { Session } from "../runtime/session.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const writer = new GraphWriter("twice");
 * writer.add("Mul", ["x", writer.float32s([2], [1])], {}, "y");
 * const value = (name: string) => ({ name, dtype: "float32", shape: ["n"] }) as const;
 * const session = await Session.load(encode(writer.finish([value("x")], [value("y")])));
 * const x = { dtype: "float32", shape: [1], data: Float32Array.of(3) } as const;
 * assertEquals([...(await session.run({ x })).y.data], [6]);
 * await session.release();
 * ```
 */
export class GraphWriter {
  readonly #prefix: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxInitializer[] = [];

  /** @param prefix What its names begin with. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Adds a node with one output.
   * @param op Operator.
   * @param inputs Names of the operands; an empty name is one left out.
   * @param attributes Attributes by name.
   * @param output Name of the result; made here where not given.
   * @returns Name of the result.
   */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, WrittenAttribute>> = {},
    output: string = `${this.#prefix}_${op}_${this.#nodes.length}`,
  ): string {
    const written = Object.entries(attributes).map(([name, value]) => [name, attribute(value)]);
    this.#nodes.push({ op, inputs, outputs: [output], attributes: Object.fromEntries(written) });
    return output;
  }

  /** @param name Name of a value. @param to Element type. @returns Name of the cast value. */
  cast(name: string, to: CastType): string {
    return this.add("Cast", [name], { to: to === "double" ? DOUBLE : elementTypes[to] });
  }

  /** @param values Numbers. @returns Name of an `int64` vector. */
  int64s(values: readonly number[]): string {
    return this.#constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** @param values Numbers. @param shape Their shape. @returns Name of an `int32` constant. */
  int32s(values: readonly number[], shape: readonly number[]): string {
    return this.#constant("int32", shape, Int32Array.from(values));
  }

  /** @param values Numbers. @param shape Their shape. @returns Name of a `float32` constant. */
  float32s(values: readonly number[], shape: readonly number[]): string {
    return this.#constant("float32", shape, Float32Array.from(values));
  }

  #constant(
    dtype: OnnxInitializer["dtype"],
    shape: readonly number[],
    values: TypedArray,
  ): string {
    const name = `${this.#prefix}_constant_${this.#initializers.length}`;
    this.#initializers.push({ name, dtype, shape, values });
    return name;
  }

  /** @param inputs Inputs. @param outputs Outputs. @returns The graph. */
  finish(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    return { nodes: this.#nodes, initializers: this.#initializers, inputs, outputs };
  }
}

function attribute(value: WrittenAttribute): AttributeValue {
  if (typeof value === "number") return int(value);
  if (typeof value === "string") return { kind: "string", value };
  return "kind" in value ? value : { kind: "ints", value };
}
