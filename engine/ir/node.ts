/**
 * The nodes of the compute graph. A node is immutable and knows its inputs; a graph is whatever is
 * reachable from the tensors somebody asks for.
 * @module
 */
import type { TensorType } from "./types.ts";
import type { OpAttributes, OpName } from "./ops.ts";

/**
 * One operation applied to tensors.
 * @category Tensors
 */
export interface Node<K extends OpName = OpName> {
  /** Number that grows with creation, so that inputs always have smaller ids than their users. */
  readonly id: number;
  /** Operator name, as ONNX spells it. */
  readonly op: K;
  /** Operands; `undefined` where ONNX lets an optional operand be left out. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Operator attributes, as ONNX spells them. */
  readonly attributes: OpAttributes[K];
  /** Types of the outputs. */
  readonly types: readonly TensorType[];
  /** What the part is called whose code made it; absent where it is the engine's own. */
  readonly part?: string;
}

/**
 * Union of the nodes of every operator, to narrow on `op`.
 * @category Tensors
 */
export type AnyNode = { [K in OpName]: Node<K> }[OpName];

/**
 * One output of a node: the value that functions of the engine take and return.
 * @category Tensors
 */
export interface Tensor extends TensorType {
  /** The node that computes it. */
  readonly node: AnyNode;
  /** Which of the node's outputs it is. */
  readonly output: number;
}
