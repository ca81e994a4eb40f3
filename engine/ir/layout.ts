/**
 * Functions that move values without changing them: shapes, slices, indexing.
 * @module
 */
import { apply, applyOne, int64s, isStatic, scalar } from "./create.ts";
import { formatShape, normalizeAxis, sameShape } from "./dims.ts";
import type { Dim, DType, Shape, Tensor } from "./node.ts";

/** The run-time shape of a tensor, int64. */
export function shapeOf(x: Tensor): Tensor {
  if (isStatic(x.shape)) return int64s(x.shape);
  return applyOne("Shape", [x], {});
}

/** The run-time size of one axis: an int64 scalar. */
export function sizeOfAxis(x: Tensor, axis: number): Tensor {
  const index = normalizeAxis(axis, x.shape.length);
  const dim = x.shape[index];
  if (typeof dim === "number") return scalar(dim, "int64");
  return applyOne("Gather", [applyOne("Shape", [x], {}), scalar(index, "int64")], { axis: 0 });
}

/** The run-time number of elements: an int64 scalar. */
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

/** A vector of int64 that holds a shape at run time; symbols are looked up in `sources`. */
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

/** Broadcasts `x` to a shape whose symbols are those of `like` (default: of `x`). */
export function expand(x: Tensor, shape: Shape, like: Tensor = x): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return applyOne("Expand", [x, shapeVector(shape, [like, x])], { shape });
}

/** Reorders axes; by default swaps the last two. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  const rank = x.shape.length;
  if (rank < 2 && !perm) {
    throw new TypeError(`Cannot swap the last two axes of ${formatShape(x.shape)}`);
  }
  const order = perm ?? [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return applyOne("Transpose", [x], { perm: order });
}

/** Inserts axes of size 1, counted in the result. */
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

/** Removes axes of size 1. */
export function squeeze(x: Tensor, axes: readonly number[]): Tensor {
  const removed = axes.map((axis) => normalizeAxis(axis, x.shape.length));
  return reshape(x, x.shape.filter((_, axis) => !removed.includes(axis)));
}

/**
 * Joins tensors along an axis.
 * @param tensors At least one.
 * @param axis Axis to join along.
 * @param size Symbol of the joined size, where a part's size is a symbol.
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

/** Rows `start` to `end` (exclusive) of one axis whose size is known. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length);
  const dim = x.shape[at];
  if (typeof dim === "string" ? start < 0 || end < start : start < 0 || end > dim || end < start) {
    throw new RangeError(
      `Cannot slice axis ${axis} of ${formatShape(x.shape)} from ${start} to ${end}`,
    );
  }
  if (start === 0 && end === dim) return x;
  const operands = [x, int64s([start]), int64s([end]), int64s([at])];
  return applyOne("Slice", operands, { axis: at, size: end - start });
}

/**
 * Entries of one axis between two indices that are known at run time.
 * @param x Values.
 * @param axis The axis.
 * @param bounds First index, and the one after the last, neither beyond the axis: `int64` scalars.
 * @param size Symbol of the number of entries.
 */
export function sliceBetween(
  x: Tensor,
  axis: number,
  bounds: readonly [Tensor, Tensor],
  size: Dim,
): Tensor {
  const at = normalizeAxis(axis, x.shape.length);
  const [start, end] = bounds.map((bound) => reshape(bound, [1]));
  return applyOne("Slice", [x, start, end, int64s([at])], { axis: at, size });
}

/** Selects entries of one axis by index (int64 or int32 of any shape). */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return applyOne("Gather", [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Selects one entry per position along an axis; `indices` has `x`'s rank. */
export function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  return applyOne("GatherElements", [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Adds `updates` to entries of `x` along an axis, at `indices` (same shape as `updates`). */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return applyOne("ScatterElements", [x, indices, updates], {
    axis: normalizeAxis(axis, x.shape.length),
    reduction: "add",
  });
}

/** `0, 1, …` up to a run-time size; `size` is its symbol or number. */
export function range(count: Tensor, size: Dim, dtype: DType = "int64"): Tensor {
  const limit = count.dtype === dtype ? count : applyOne("Cast", [count], { to: dtype });
  return applyOne("Range", [scalar(0, dtype), limit, scalar(1, dtype)], { size });
}

/** One-hot rows of class indices, float32 `[…, depth]`. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  const values = applyOne("Constant", [], {
    dtype: "float32",
    shape: [2],
    values: Float32Array.of(0, 1),
  });
  return applyOne("OneHot", [indices, scalar(depth, "int64"), values], { depth });
}

/** Zeros of the shape (and run-time sizes) of `like`. */
export function zerosLike(like: Tensor, dtype: DType = like.dtype): Tensor {
  return expand(scalar(0, dtype), like.shape, like);
}

/** Running sum along an axis. */
export function cumSum(x: Tensor, axis: number, exclusive = false): Tensor {
  const at = normalizeAxis(axis, x.shape.length);
  return applyOne("CumSum", [x, scalar(at, "int64")], { axis: at, exclusive, reverse: false });
}

/**
 * The `k` largest (or smallest) entries along an axis, sorted.
 * @param x Values.
 * @param k A number, or an int64 scalar known at run time together with its symbol.
 * @param options Axis (default last) and whether to take the largest (default).
 * @returns Values and their int64 indices along the axis.
 */
export function topK(
  x: Tensor,
  k: number | { readonly count: Tensor; readonly symbol: string },
  options: { readonly axis?: number; readonly largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const axis = normalizeAxis(options.axis ?? -1, x.shape.length);
  const [count, size] = typeof k === "number"
    ? [int64s([k]), k]
    : [reshape(k.count, [1]), k.symbol];
  const [values, indices] = apply("TopK", [x, count], {
    axis,
    largest: options.largest ?? true,
    k: size,
  });
  return { values, indices };
}
