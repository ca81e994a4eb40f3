/**
 * Making nodes: the only place where they come into being.
 * @module
 */
import type { AnyNode, Node, Tensor } from "./node.ts";
import type { Dim, DType, Shape, TypedArray } from "./types.ts";
import type { OpAttributes, OpName } from "./ops.ts";
import { shapeRules } from "./shape.ts";
import { formatShape, sizeOf } from "./dims.ts";
import { currentPart } from "./part.ts";

let nextId = 0;

/**
 * Applies an operator.
 * @param op Operator name.
 * @param inputs Operands.
 * @param attributes Operator attributes.
 * @returns The node's outputs.
 * @throws {TypeError} if the operands do not fit.
 */
export function apply<K extends OpName>(
  op: K,
  inputs: readonly (Tensor | undefined)[],
  attributes: OpAttributes[K],
): Tensor[] {
  const types = shapeRules[op](inputs, attributes, op);
  const part = currentPart();
  const node: Node<K> = { id: nextId++, op, inputs, attributes, types, ...(part && { part }) };
  return types.map(({ dtype, shape }, output) => ({
    node: node as AnyNode,
    output,
    dtype,
    shape,
  }));
}

/** Like {@linkcode apply}, for the first output. */
export function applyOne<K extends OpName>(
  op: K,
  inputs: readonly (Tensor | undefined)[],
  attributes: OpAttributes[K],
): Tensor {
  return apply(op, inputs, attributes)[0];
}

/**
 * A value that is fed when the graph runs.
 * @param name Name under which it is fed; parameters use their state-dict name.
 * @param dtype Element type.
 * @param shape Shape; symbols stand for sizes known at run time.
 *
 * @example A batch of samples
 * ```ts
 * import { evaluate, input, reduceSum } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 2]);
 * const batch = { dtype: "float32", shape: [1, 2], data: Float32Array.of(3, 4) } as const;
 * const { data } = await evaluate(reduceSum(x, { axes: [1] }), { x: batch });
 * assertEquals([...data], [7]);
 * ```
 *
 * @category Tensors
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return applyOne("Input", [], { name, dtype, shape });
}

const arrays = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** Allocates the typed array that holds `size` elements of a type. */
export function allocate(dtype: DType, size: number): TypedArray {
  return new arrays[dtype](size);
}

/**
 * A value known when the graph is built.
 * @param values Numbers, row-major.
 * @param shape Shape; by default a vector.
 * @param dtype Element type.
 * @throws {TypeError} if the number of values is not that of the shape.
 *
 * @example A matrix
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(constant([1, 2, 3, 4], [2, 2]));
 * assertEquals([...data], [1, 2, 3, 4]);
 * ```
 *
 * @category Tensors
 */
export function constant(
  values: readonly number[] | TypedArray,
  shape: readonly number[] = [values.length],
  dtype: DType = "float32",
): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new TypeError(
      `Cannot make a constant of shape ${formatShape(shape)}: received ${values.length} values`,
    );
  }
  if (values instanceof arrays[dtype]) {
    return applyOne("Constant", [], { dtype, shape, values });
  }
  const array = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++) {
    array[i] = dtype === "int64" ? BigInt(values[i]) : Number(values[i]);
  }
  return applyOne("Constant", [], { dtype, shape, values: array });
}

/** Whether gradients can flow through an element type. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float16" || dtype === "bfloat16";
}

/**
 * A constant scalar.
 *
 * @example A number of an operand's type
 * ```ts
 * import { evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { shape, data } = await evaluate(scalar(3, "int64"));
 * assertEquals([shape, [...data]], [[], [3n]]);
 * ```
 *
 * @category Tensors
 */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant([value], [], dtype);
}

/**
 * A vector of int64 constants, as ONNX wants shapes and axes.
 *
 * @example Axes
 * ```ts
 * import { evaluate, int64s } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...(await evaluate(int64s([0, 2]))).data], [0n, 2n]);
 * ```
 *
 * @category Tensors
 */
export function int64s(values: readonly number[]): Tensor {
  return constant(values, [values.length], "int64");
}

/** Whether every dimension is a size. */
export function isStatic(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === "number");
}
