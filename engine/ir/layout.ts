/**
 * Shapes at run time, and functions that lay values out in another shape without changing them.
 * @module
 */
import { applyOne, int64s, isStatic, scalar } from "./create.ts";
import { formatShape, normalizeAxis, sameShape } from "./dims.ts";
import type { Tensor } from "./node.ts";
import type { Dim, DType, Shape } from "./types.ts";

/**
 * The run-time shape of a tensor, int64.
 *
 * @example A batch of two
 * ```ts
 * import { evaluate, input, shapeOf } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 3]);
 * const feed = { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const;
 * const { data } = await evaluate(shapeOf(x), { x: feed });
 * assertEquals([...data], [2n, 3n]);
 * ```
 *
 * @category Layout
 */
export function shapeOf(x: Tensor): Tensor {
  if (isStatic(x.shape)) return int64s(x.shape);
  return applyOne("Shape", [x], {});
}

/**
 * The run-time size of one axis: an int64 scalar.
 *
 * @example How large the batch is
 * ```ts
 * import { evaluate, input, sizeOfAxis } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 3]);
 * const feed = { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const;
 * const { data } = await evaluate(sizeOfAxis(x, 0), { x: feed });
 * assertEquals([...data], [2n]);
 * ```
 *
 * @category Layout
 */
export function sizeOfAxis(x: Tensor, axis: number): Tensor {
  const index = normalizeAxis(axis, x.shape.length);
  const dim = x.shape[index];
  if (typeof dim === "number") return scalar(dim, "int64");
  return applyOne("Gather", [applyOne("Shape", [x], {}), scalar(index, "int64")], { axis: 0 });
}

/**
 * The run-time number of elements: an int64 scalar.
 *
 * @example Values of a batch of two
 * ```ts
 * import { elementCount, evaluate, input } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 3]);
 * const feed = { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const;
 * const { data } = await evaluate(elementCount(x), { x: feed });
 * assertEquals([...data], [6n]);
 * ```
 *
 * @category Layout
 */
export function elementCount(x: Tensor): Tensor {
  let count: Tensor | undefined;
  let factor = 1;
  for (const [axis, dim] of x.shape.entries()) {
    if (typeof dim === "number") factor *= dim;
    else count = count ? applyOne("Mul", [count, sizeOfAxis(x, axis)], {}) : sizeOfAxis(x, axis);
  }
  if (!count) return scalar(factor, "int64");
  return factor === 1 ? count : applyOne("Mul", [count, scalar(factor, "int64")], {});
}

/**
 * A vector of int64 that holds a shape at run time; symbols are looked up in `sources`.
 *
 * @example A shape with the batch's size
 * ```ts
 * import { evaluate, input, shapeVector } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch", 3]);
 * const feed = { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const;
 * const { data } = await evaluate(shapeVector([5, "batch"], [x]), { x: feed });
 * assertEquals([...data], [5n, 2n]);
 * ```
 *
 * @category Layout
 */
export function shapeVector(shape: Shape, sources: readonly Tensor[]): Tensor {
  if (isStatic(shape)) return int64s(shape);
  const exact = sources.find((source) => sameShape(source.shape, shape));
  if (exact) return shapeOf(exact);
  const parts = shape.map((dim) => {
    if (typeof dim === "number") return int64s([dim]);
    const source = sources.find((candidate) => candidate.shape.includes(dim));
    if (!source) {
      throw new TypeError(`Cannot compute shape ${formatShape(shape)}: "${dim}" is unknown here`);
    }
    return reshape(sizeOfAxis(source, source.shape.indexOf(dim)), [1]);
  });
  return applyOne("Concat", parts, { axis: 0, size: parts.length });
}

/**
 * Gives `x` another shape.
 * @param x Values; their order stays.
 * @param shape New shape. At most one symbol may be one that neither `x` nor `like` has.
 * @param like Where symbols that `x` does not have are looked up.
 *
 * @example Flattening images
 * ```ts
 * import { input, reshape } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const images = input("images", "float32", ["batch", 3, 8, 8]);
 * assertEquals(reshape(images, ["batch", 192]).shape, ["batch", 192]);
 * ```
 *
 * @category Layout
 */
export function reshape(x: Tensor, shape: Shape, like: Tensor = x): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const known = [...x.shape, ...like.shape];
  const unknown = shape.filter((dim) => typeof dim === "string" && !known.includes(dim));
  const symbols = shape.filter((dim) => typeof dim === "string");
  if (unknown.length > 1) {
    throw new TypeError(
      `Cannot reshape ${formatShape(x.shape)} to ${formatShape(shape)}: ${
        unknown.join(" and ")
      } are unknown`,
    );
  }
  const inferred = unknown[0] ?? (symbols.length === 1 ? symbols[0] : undefined);
  const sizes = shape.map((dim) => dim === inferred ? -1 : dim);
  return applyOne("Reshape", [x, shapeVector(sizes, [x, like])], { shape });
}

/**
 * Broadcasts `x` to a shape whose symbols are those of `like` (default: of `x`).
 *
 * @example One row for each of two samples
 * ```ts
 * import { constant, evaluate, expand } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(expand(constant([1, 2], [1, 2]), [2, 2]));
 * assertEquals([...data], [1, 2, 1, 2]);
 * ```
 *
 * @category Layout
 */
export function expand(x: Tensor, shape: Shape, like: Tensor = x): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return applyOne("Expand", [x, shapeVector(shape, [like, x])], { shape });
}

/**
 * Reorders axes; by default swaps the last two.
 *
 * @example Columns become rows
 * ```ts
 * import { constant, evaluate, transpose } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(transpose(constant([1, 2, 3, 4], [2, 2])));
 * assertEquals([...data], [1, 3, 2, 4]);
 * ```
 *
 * @category Layout
 */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  const rank = x.shape.length;
  if (rank < 2 && !perm) {
    throw new TypeError(`Cannot swap the last two axes of ${formatShape(x.shape)}`);
  }
  const order = perm ?? [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return applyOne("Transpose", [x], { perm: order });
}

/**
 * Inserts axes of size 1, counted in the result.
 *
 * @example A column for broadcasting
 * ```ts
 * import { constant, unsqueeze } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unsqueeze(constant([1, 2, 3]), [1]).shape, [3, 1]);
 * ```
 *
 * @category Layout
 */
export function unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.shape.length + axes.length;
  const inserted = axes.map((axis) => normalizeAxis(axis, rank));
  const shape: Dim[] = [];
  let next = 0;
  for (let axis = 0; axis < rank; axis++) {
    shape.push(inserted.includes(axis) ? 1 : x.shape[next++]);
  }
  return reshape(x, shape);
}

/**
 * Removes axes of size 1.
 *
 * @example A column as a vector
 * ```ts
 * import { constant, squeeze } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(squeeze(constant([1, 2, 3], [3, 1]), [1]).shape, [3]);
 * ```
 *
 * @category Layout
 */
export function squeeze(x: Tensor, axes: readonly number[]): Tensor {
  const removed = axes.map((axis) => normalizeAxis(axis, x.shape.length));
  return reshape(x, x.shape.filter((_, axis) => !removed.includes(axis)));
}

/**
 * Joins tensors along an axis.
 * @param tensors At least one.
 * @param axis Axis to join along.
 * @param size Symbol of the joined size, where a part's size is a symbol.
 *
 * @example A class token before the patches
 * ```ts
 * import { concat, constant, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(concat([constant([0], [1, 1]), constant([1, 2], [2, 1])], 0));
 * assertEquals([...data], [0, 1, 2]);
 * ```
 *
 * @category Layout
 */
export function concat(tensors: readonly Tensor[], axis: number, size?: Dim): Tensor {
  const at = normalizeAxis(axis, tensors[0].shape.length);
  if (tensors.length === 1) return tensors[0];
  const total = tensors.reduce<number>((sum, { shape }) => sum + Number(shape[at]), 0);
  if (Number.isNaN(total) && size === undefined) {
    throw new TypeError(`Cannot join along axis ${axis}: name the symbol of the joined size`);
  }
  return applyOne("Concat", tensors, { axis: at, size: size ?? total });
}

/**
 * Zeros of the shape (and run-time sizes) of `like`.
 *
 * @example Zeros for each of three values
 * ```ts
 * import { constant, evaluate, zerosLike } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(zerosLike(constant([1, 2, 3])));
 * assertEquals([...data], [0, 0, 0]);
 * ```
 *
 * @category Layout
 */
export function zerosLike(like: Tensor, dtype: DType = like.dtype): Tensor {
  return expand(scalar(0, dtype), like.shape, like);
}
