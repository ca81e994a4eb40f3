/**
 * Functions that select values by their place: slices, indices, the largest.
 * @module
 */
import { apply, applyOne, int64s, scalar } from "./create.ts";
import { formatShape, normalizeAxis } from "./dims.ts";
import { reshape } from "./layout.ts";
import type { Tensor } from "./node.ts";
import type { Dim, DType } from "./types.ts";

/**
 * Rows `start` to `end` (exclusive) of one axis whose size is known.
 *
 * @example All tokens but the first
 * ```ts
 * import { constant, evaluate, slice } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(slice(constant([7, 8, 9], [1, 3]), 1, 1, 3));
 * assertEquals([...data], [8, 9]);
 * ```
 *
 * @category Indexing
 */
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
 *
 * @example Rows between two indices
 * ```ts
 * import { constant, evaluate, scalar, sliceBetween } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const bounds = [scalar(1, "int64"), scalar(3, "int64")] as const;
 * const { data } = await evaluate(sliceBetween(constant([5, 6, 7, 8]), 0, bounds, "rows"));
 * assertEquals([...data], [6, 7]);
 * ```
 *
 * @category Indexing
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

/**
 * Selects entries of one axis by index (int64 or int32 of any shape).
 *
 * @example Rows in another order
 * ```ts
 * import { constant, evaluate, gather } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([1, 2, 3, 4], [2, 2]);
 * const { data } = await evaluate(gather(x, constant([1, 0], [2], "int64")));
 * assertEquals([...data], [3, 4, 1, 2]);
 * ```
 *
 * @category Indexing
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return applyOne("Gather", [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/**
 * Selects one entry per position along an axis; `indices` has `x`'s rank.
 *
 * @example Each sample's logit of its class
 * ```ts
 * import { constant, evaluate, gatherElements } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const logits = constant([1, 2, 3, 4], [2, 2]);
 * const labels = constant([1, 0], [2, 1], "int64");
 * const { data } = await evaluate(gatherElements(logits, labels, 1));
 * assertEquals([...data], [2, 3]);
 * ```
 *
 * @category Indexing
 */
export function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  return applyOne("GatherElements", [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/**
 * Adds `updates` to entries of `x` along an axis, at `indices` (same shape as `updates`).
 *
 * @example Summing values by class
 * ```ts
 * import { constant, evaluate, scatterAdd } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const classes = constant([0, 1, 0], [3], "int64");
 * const { data } = await evaluate(scatterAdd(constant([0, 0]), classes, constant([1, 2, 4]), 0));
 * assertEquals([...data], [5, 2]);
 * ```
 *
 * @category Indexing
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return applyOne("ScatterElements", [x, indices, updates], {
    axis: normalizeAxis(axis, x.shape.length),
    reduction: "add",
  });
}

/**
 * `0, 1, …` up to a run-time size; `size` is its symbol or number.
 *
 * @example Indices of three rows
 * ```ts
 * import { evaluate, range, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(range(scalar(3, "int64"), 3));
 * assertEquals([...data], [0n, 1n, 2n]);
 * ```
 *
 * @category Indexing
 */
export function range(count: Tensor, size: Dim, dtype: DType = "int64"): Tensor {
  const limit = count.dtype === dtype ? count : applyOne("Cast", [count], { to: dtype });
  return applyOne("Range", [scalar(0, dtype), limit, scalar(1, dtype)], { size });
}

/**
 * One-hot rows of class indices, float32 `[…, depth]`.
 *
 * @example Two labels of three classes
 * ```ts
 * import { constant, evaluate, oneHot } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(oneHot(constant([2, 0], [2], "int64"), 3));
 * assertEquals([...data], [0, 0, 1, 1, 0, 0]);
 * ```
 *
 * @category Indexing
 */
export function oneHot(indices: Tensor, depth: number): Tensor {
  const values = applyOne("Constant", [], {
    dtype: "float32",
    shape: [2],
    values: Float32Array.of(0, 1),
  });
  return applyOne("OneHot", [indices, scalar(depth, "int64"), values], { depth });
}

/**
 * Running sum along an axis.
 *
 * @example First rows of bags from their lengths
 * ```ts
 * import { constant, cumSum, evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(cumSum(constant([4, 2, 3], [3], "int64"), 0, true));
 * assertEquals([...data], [0n, 4n, 6n]);
 * ```
 *
 * @category Indexing
 */
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
 *
 * @example The two highest scores
 * ```ts
 * import { constant, evaluate, topK } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(topK(constant([0.1, 0.7, 0.5]), 2).indices);
 * assertEquals([...data], [1n, 2n]);
 * ```
 *
 * @category Indexing
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
