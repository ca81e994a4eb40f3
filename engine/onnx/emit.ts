/**
 * From the graph to ONNX nodes: one rule per operator. As operators carry ONNX names, a rule only
 * says how attributes are written down.
 * @module
 */
import { onBehalfOf } from "../fault.ts";
import type { AnyNode, Node, Tensor } from "../ir/node.ts";
import type { DType, Shape, TypedArray } from "../ir/types.ts";
import type { OpName } from "../ir/ops.ts";
import { sizeOf } from "../ir/dims.ts";
import { reachable } from "../ir/reachable.ts";
import type { AttributeValue, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from "./graph.ts";

export type { AttributeValue, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from "./graph.ts";

/** An attribute that is an integer or a truth value. */
export function int(value: number | boolean): AttributeValue {
  return { kind: "int", value: Number(value) };
}

const float = (value: number): AttributeValue => ({ kind: "float", value });
const text = (value: string): AttributeValue => ({ kind: "string", value });
const ints = (value: readonly number[]): AttributeValue => ({ kind: "ints", value });

/** ONNX's numbers of element types (`TensorProto.DataType`). */
export const elementTypes: { readonly [T in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
  bfloat16: 16,
};

/** How an operator is written: its attributes, and int64 vectors appended to its operands. */
interface Written {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly operands?: readonly (readonly number[])[];
  /** Vectors to append, as long as the second operand, that no other node reads. */
  readonly scratch?: number;
}

type EmitRule<K extends OpName> = (attributes: Node<K>["attributes"]) => Written;

const plain = (): Written => ({});
const axis = (attributes: { readonly axis: number }): Written => ({
  attributes: { axis: int(attributes.axis) },
});
const reduction = (
  { axes, keepdims }: { readonly axes: readonly number[]; readonly keepdims: boolean },
): Written => ({ attributes: { keepdims: int(keepdims) }, operands: [axes] });
/** Integers and vectors of integers under their own names. */
const integers = (attributes: object): Written => ({
  attributes: Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      Array.isArray(value) ? ints(value) : int(value),
    ]),
  ),
});

/** How each operator is written. */
export const emitRules: { readonly [K in OpName]: EmitRule<K> } = {
  Input: plain,
  Constant: plain,

  Add: plain,
  Sub: plain,
  Mul: plain,
  Div: plain,
  Pow: plain,
  Max: plain,
  Min: plain,
  Equal: plain,
  Greater: plain,
  Less: plain,
  GreaterOrEqual: plain,
  And: plain,
  Or: plain,
  BitwiseXor: plain,
  BitShift: ({ direction }) => ({ attributes: { direction: text(direction) } }),

  Neg: plain,
  Abs: plain,
  Sign: plain,
  Exp: plain,
  Log: plain,
  Sqrt: plain,
  Reciprocal: plain,
  Erf: plain,
  Sin: plain,
  Cos: plain,
  Relu: plain,
  Sigmoid: plain,
  Tanh: plain,
  Softplus: plain,
  Gelu: ({ approximate }) => ({ attributes: { approximate: text(approximate) } }),
  Not: plain,
  Cast: ({ to }) => ({ attributes: { to: int(elementTypes[to]) } }),
  Identity: plain,

  Where: plain,

  MatMul: plain,
  Gemm: ({ alpha, beta, transA, transB }) => ({
    attributes: {
      alpha: float(alpha),
      beta: float(beta),
      transA: int(transA),
      transB: int(transB),
    },
  }),

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceSumSquare: reduction,
  ArgMax: ({ axis, keepdims }) => ({ attributes: { axis: int(axis), keepdims: int(keepdims) } }),

  Softmax: axis,
  LogSoftmax: axis,
  LayerNormalization: ({ epsilon }) => ({ attributes: { epsilon: float(epsilon) } }),
  // With momentum 0, the outputs for running statistics are the batch's own. The runtime writes them
  // over the operands for the old ones, whatever else reads those.
  BatchNormalization: ({ epsilon }) => ({
    attributes: { epsilon: float(epsilon), momentum: float(0), training_mode: int(1) },
    scratch: 2,
  }),

  Reshape: plain,
  Expand: plain,
  Transpose: ({ perm }) => ({ attributes: { perm: ints(perm) } }),
  Concat: axis,
  Slice: plain,
  Pad: plain,
  Shape: plain,
  Range: plain,

  Gather: axis,
  GatherElements: axis,
  ScatterElements: ({ axis, reduction }) => ({
    attributes: { axis: int(axis), reduction: text(reduction) },
  }),
  OneHot: plain,
  CumSum: ({ exclusive, reverse }) => ({
    attributes: { exclusive: int(exclusive), reverse: int(reverse) },
  }),
  TopK: ({ axis, largest }) => ({ attributes: { axis: int(axis), largest: int(largest) } }),

  Conv: integers,
  ConvTranspose: integers,
  MaxPool: integers,
  AveragePool: integers,
};

function written<K extends OpName>(node: AnyNode & { readonly op: K }): Written {
  const rule: EmitRule<K> = emitRules[node.op as K];
  return rule((node as unknown as Node<K>).attributes);
}

/**
 * Writes down the graph that computes some tensors. Equal subexpressions are computed once.
 * @param outputs Tensors to compute, by the name that they get.
 * @returns The graph, ready to be encoded.
 * @throws {TypeError} if two inputs, or an input and an output, share a name.
 *
 * @example One exponential for two terms
 * ```ts
 * import { add, emit, exp, input, sqrt } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 2]);
 * const { nodes, outputs } = emit({ y: add(exp(x), sqrt(exp(x))) });
 * assertEquals(nodes.map(({ op }) => op), ["Exp", "Sqrt", "Add"]);
 * assertEquals(outputs, [{ name: "y", dtype: "float32", shape: ["batch", 2] }]);
 * ```
 *
 * @category ONNX
 */
export function emit(outputs: Readonly<Record<string, Tensor>>): OnnxGraph {
  const emitter = new Emitter();
  for (const node of reachable(Object.values(outputs))) emitter.add(node);
  return emitter.finish(outputs);
}

/** Values as text, with 0 and -0 told apart. */
function describe(values: TypedArray): string {
  const list: ArrayLike<number | bigint> = values;
  return Array.from(list, (value) => Object.is(value, -0) ? "-0" : String(value)).join();
}

class Emitter {
  readonly #nodes: OnnxNode[] = [];
  readonly #inputs = new Map<string, OnnxValue>();
  readonly #initializers: OnnxInitializer[] = [];
  /** Names of each node's outputs. */
  readonly #names = new Map<AnyNode, readonly string[]>();
  /** Names of what has been written, by a text that describes it wholly. */
  readonly #known = new Map<string, readonly string[]>();

  add(node: AnyNode): void {
    switch (node.op) {
      case "Input":
        return this.#addInput(node);
      case "Constant":
        this.#names.set(node, [this.#constant(node.attributes)]);
        return;
      default:
        return this.#addOperator(node);
    }
  }

  finish(outputs: Readonly<Record<string, Tensor>>): OnnxGraph {
    const values: OnnxValue[] = [];
    for (const [name, tensor] of Object.entries(outputs)) {
      if (this.#inputs.has(name)) {
        throw new TypeError(`Cannot emit the graph: an input and an output are named "${name}"`);
      }
      const inner = this.#names.get(tensor.node)![tensor.output];
      this.#nodes.push({ op: "Identity", inputs: [inner], outputs: [name], attributes: {} });
      values.push({ name, dtype: tensor.dtype, shape: tensor.shape });
    }
    return {
      nodes: withoutUnused(renameOutputs(this.#nodes, values), values),
      inputs: [...this.#inputs.values()],
      outputs: values,
      initializers: this.#initializers,
    };
  }

  #addInput(node: Node<"Input">): void {
    const { attributes, part } = node;
    const { name } = attributes;
    if (this.#inputs.has(name)) {
      onBehalfOf(part, () => {
        throw new TypeError(`Cannot emit the graph: two inputs are named "${name}"`);
      });
    }
    this.#inputs.set(name, { ...attributes, ...(part && { part }) });
    this.#names.set(node as AnyNode, [name]);
  }

  #constant({ dtype, shape, values }: Omit<OnnxInitializer, "name">): string {
    const key = values.length <= 64 ? `${dtype}[${shape}]:${describe(values)}` : undefined;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known) return known[0];
    const name = `constant_${this.#initializers.length}`;
    this.#initializers.push({ name, dtype, shape, values });
    if (key !== undefined) this.#known.set(key, [name]);
    return name;
  }

  /** A constant that nothing else holds, as the runtime unites equal ones; its values are tiny. */
  #scratch(shape: Shape): string {
    const count = this.#initializers.length;
    const name = `constant_${count}`;
    const sizes = shape.map(Number);
    const values = new Float32Array(sizeOf(sizes)).fill((count + 1) * 2 ** -100);
    this.#initializers.push({ name, dtype: "float32", shape: sizes, values });
    return name;
  }

  #addOperator(node: AnyNode): void {
    const { attributes = {}, operands = [], scratch = 0 } = written(node);
    const inputs = [
      ...node.inputs.map((operand) => operand ? this.#name(operand) : ""),
      ...operands.map((values) =>
        this.#constant({
          dtype: "int64",
          shape: [values.length],
          values: BigInt64Array.from(values, BigInt),
        })
      ),
    ];
    const key = `${node.op}(${inputs.join()})${JSON.stringify(attributes)}`;
    let names = this.#known.get(key);
    if (!names) {
      names = node.types.map((_, output) => `${node.op}_${this.#nodes.length}_${output}`);
      this.#known.set(key, names);
      for (let index = 0; index < scratch; index++) {
        inputs.push(this.#scratch(node.inputs[1]!.shape));
      }
      const { op, part } = node;
      this.#nodes.push({ op, inputs, outputs: names, attributes, ...(part && { part }) });
    }
    this.#names.set(node, names);
  }

  #name(tensor: Tensor): string {
    return this.#names.get(tensor.node)![tensor.output];
  }
}

/**
 * Lets the node that computes an output write it directly, where nothing forbids it: the closing
 * Identity then goes. A value that is an input, or two outputs at once, keeps its Identity.
 */
function renameOutputs(nodes: readonly OnnxNode[], outputs: readonly OnnxValue[]): OnnxNode[] {
  const closing = nodes.slice(nodes.length - outputs.length);
  const body = nodes.slice(0, nodes.length - outputs.length);
  const produced = new Set(body.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const kept: OnnxNode[] = [];
  for (const node of closing) {
    const [inner] = node.inputs;
    if (produced.has(inner) && !renamed.has(inner)) renamed.set(inner, node.outputs[0]);
    else kept.push(node);
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  return [...body, ...kept].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/** Operators whose outputs after the first are optional, and cost time where they are asked for. */
const OPTIONAL_OUTPUTS: ReadonlySet<string> = new Set<OpName>(["LayerNormalization", "MaxPool"]);

/** Leaves out optional outputs that nothing reads. */
function withoutUnused(nodes: readonly OnnxNode[], outputs: readonly OnnxValue[]): OnnxNode[] {
  const read = new Set([
    ...nodes.flatMap(({ inputs }) => inputs),
    ...outputs.map(({ name }) => name),
  ]);
  return nodes.map((node) => {
    if (!OPTIONAL_OUTPUTS.has(node.op)) return node;
    const last = node.outputs.findLastIndex((name) => read.has(name));
    return { ...node, outputs: node.outputs.slice(0, Math.max(last, 0) + 1) };
  });
}
