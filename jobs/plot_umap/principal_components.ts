/**
 * The two directions in which points spread most: where a layout starts from.
 * @module
 */
import { Random } from "../../engine/random.ts";
import type { Points } from "./neighbors.ts";

/** Rounds of subspace iteration; a layout needs no more than the rough directions. */
const ROUNDS = 24;

/**
 * Projects points onto their first two principal components, by subspace iteration.
 * @param points The points, with their mean at 0.
 * @param seed Seed of the directions that the iteration begins with.
 * @returns Two coordinates per point; zeros where the points do not spread.
 *
 * @example Points that spread along a line
 * ```ts
 * import { principalComponents } from "./principal_components.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = { values: Float32Array.of(-3, -4, 0, 0, 3, 4), length: 3, width: 2 };
 * const [[x], , [z]] = principalComponents(points, 42);
 * assertAlmostEquals(Math.abs(z - x), 10, 1e-5);
 * ```
 */
export function principalComponents(points: Points, seed: number): [number, number][] {
  const random = new Random(seed);
  const start = () => Float64Array.from({ length: points.width }, () => random.normal());
  let directions: [Float64Array, Float64Array] = [start(), start()];
  for (let round = 0; round < ROUNDS; round++) {
    directions = orthonormal(directions);
    directions = combine(points, project(points, directions));
  }
  return project(points, orthonormal(directions));
}

/** Gram and Schmidt's; a direction without length stays one. */
function orthonormal([first, second]: readonly Float64Array[]): [Float64Array, Float64Array] {
  const u = normalized(first);
  const along = dot(u, second);
  return [u, normalized(second.map((value, at) => value - along * u[at]), norm(second))];
}

/** The direction at length 1; zeros where next to nothing is left of `before`. */
function normalized(direction: Float64Array, before = 0): Float64Array {
  const length = norm(direction);
  return length > 1e-9 * before ? direction.map((value) => value / length) : direction.fill(0);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at], 0);
}

/** `X V`, row by row. */
function project(
  { values, length, width }: Points,
  [u, v]: readonly Float64Array[],
): [number, number][] {
  return Array.from({ length }, (_, row) => {
    let [x, y] = [0, 0];
    for (let column = 0, at = row * width; column < width; column++, at++) {
      x += values[at] * u[column];
      y += values[at] * v[column];
    }
    return [x, y];
  });
}

/** `Xᵀ Y`. */
function combine(
  { values, width }: Points,
  coordinates: readonly (readonly [number, number])[],
): [Float64Array, Float64Array] {
  const [u, v] = [new Float64Array(width), new Float64Array(width)];
  for (const [row, [x, y]] of coordinates.entries()) {
    for (let column = 0, at = row * width; column < width; column++, at++) {
      u[column] += x * values[at];
      v[column] += y * values[at];
    }
  }
  return [u, v];
}
