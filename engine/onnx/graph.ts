/**
 * An ONNX graph as plain data, before it is encoded.
 * @module
 */
import type { DType, Shape, TypedArray } from "../ir/types.ts";

/**
 * Value of an ONNX attribute.
 * @category ONNX
 */
export type AttributeValue =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] };

/**
 * One ONNX node.
 * @category ONNX
 */
export interface OnnxNode {
  /** Operator name. */
  readonly op: string;
  /** Set of operators that it is one of. @default {ONNX's own} */
  readonly domain?: string;
  /** Names of the operands; an empty name is an operand left out. */
  readonly inputs: readonly string[];
  /** Names of the results. */
  readonly outputs: readonly string[];
  /** Attributes by name. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** What the part is called whose code made it; absent where it is the engine's own. */
  readonly part?: string;
}

/**
 * A named graph input or output.
 * @category ONNX
 */
export interface OnnxValue {
  /** Name. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DType;
  /** Shape; symbols are kept. */
  readonly shape: Shape;
  /** Whether it is a sequence of such tensors. @default {false} */
  readonly sequence?: boolean;
  /** Whether the runtime finds out type and shape of an output by itself. @default {false} */
  readonly inferred?: boolean;
  /** For inputs: what the part is called whose code made it. */
  readonly part?: string;
}

/**
 * A constant inside the model.
 * @category ONNX
 */
export interface OnnxInitializer {
  /** Name. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DType;
  /** Shape. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly values: TypedArray;
}

/**
 * An ONNX graph, before it is encoded.
 * @category ONNX
 */
export interface OnnxGraph {
  /** Nodes, operands before users. */
  readonly nodes: readonly OnnxNode[];
  /** Inputs in the order of their creation. */
  readonly inputs: readonly OnnxValue[];
  /** Outputs in the order asked for. */
  readonly outputs: readonly OnnxValue[];
  /** Constants. */
  readonly initializers: readonly OnnxInitializer[];
  /** Version of ONNX's own operators, where it is that of another's file. @default {21} */
  readonly opset?: number;
}
