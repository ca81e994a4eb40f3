/**
 * Arithmetic on shapes whose dimensions are sizes or symbols.
 * @module
 */
import type { Dim, Shape } from "./types.ts";

/**
 * Renders a shape as `[batch, 10]`.
 *
 * @example In a message
 * ```ts
 * import { formatShape } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatShape(["batch", 10]), "[batch, 10]");
 * ```
 *
 * @category Tensors
 */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/**
 * Whether two shapes are the same, symbol by symbol.
 *
 * @example Symbols are compared by name
 * ```ts
 * import { sameShape } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sameShape(["batch", 3], ["batch", 3]), true);
 * assertEquals(sameShape(["batch", 3], ["bags", 3]), false);
 * ```
 *
 * @category Tensors
 */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Brings a possibly negative axis into 0…rank-1. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new RangeError(`Cannot use axis ${axis}: the tensor has ${rank} dimensions`);
  }
  return normal;
}

/**
 * Number of elements, where every dimension is a size.
 *
 * @example Values of a weight
 * ```ts
 * import { sizeOf } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sizeOf([64, 3, 7, 7]), 9408);
 * ```
 *
 * @category Tensors
 */
export function sizeOf(shape: Shape): number {
  return shape.reduce<number>((size, dim) => {
    if (typeof dim !== "number") {
      throw new TypeError(`Cannot count elements of ${formatShape(shape)}: "${dim}" is a symbol`);
    }
    return size * dim;
  }, 1);
}

/**
 * Shape of an elementwise result by NumPy's broadcasting. A symbol only matches itself and 1.
 * @throws {TypeError} if the shapes do not broadcast.
 */
export function broadcast(a: Shape, b: Shape, op: string): Shape {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[a.length - rank + axis] ?? 1;
    const right = b[b.length - rank + axis] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new TypeError(
        `Cannot apply ${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`,
      );
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/**
 * Product of dimensions, as a symbol where one of them is a symbol.
 *
 * @example Lines of all bags
 * ```ts
 * import { flatSize } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([flatSize([3, 4]), flatSize([3, "bags"])], [12, "3*bags"]);
 * ```
 *
 * @category Tensors
 */
export function flatSize(shape: Shape): Dim {
  if (shape.length === 1) return shape[0];
  return shape.every((dim) => typeof dim === "number") ? sizeOf(shape) : shape.join("*");
}
