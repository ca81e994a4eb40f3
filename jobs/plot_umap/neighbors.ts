/**
 * Exact nearest neighbours by Euclidean distance: the runtime multiplies matrices, block by block, to
 * find candidates; their distances are then computed without its rounding.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { gemm } from "../../engine/ir/matrix.ts";
import { bind, Session } from "../../engine/runtime/session.ts";

/** Points, row by row. */
export interface Points {
  /** `[length, width]`. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Number of points. */
  readonly length: number;
  /** Dimensions of a point. */
  readonly width: number;
}

/** The nearest neighbours of all points, nearest first. */
export interface Neighbors {
  /** Per point the indices of its neighbours, its own first. */
  readonly indices: number[][];
  /** Their distances. */
  readonly distances: number[][];
}

/** How neighbours are looked for. */
export interface NeighborOptions {
  /** Neighbours per point, itself among them; at most the number of points. */
  readonly count: number;
  /** Stops the search between blocks when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with the number of points that are done. */
  readonly onProgress?: (done: number) => void;
}

/** Candidates besides those asked for: float32 may put near neighbours in the wrong order. */
const MARGIN = 8;
/** Scores that are computed at a time, 32 MB. */
const BLOCK_SCORES = 8_000_000;
const MAX_BLOCK_ROWS = 512;

/**
 * Moves the mean of points to 0. Distances stay what they are, and products of vectors round less.
 * @param points The points; their values are changed in place.
 */
export function center({ values, length, width }: Points): void {
  const mean = new Float64Array(width);
  for (let at = 0; at < values.length; at++) mean[at % width] += values[at] / length;
  for (let at = 0; at < values.length; at++) values[at] -= mean[at % width];
}

/**
 * Finds the nearest neighbours of every point among all of them.
 * @param points The points, best with their mean at 0.
 * @param options How many neighbours.
 * @returns Neighbours of each point: itself first, then by distance, ties by index.
 *
 * @example Three points on a line
 * ```ts
 * import { nearestNeighbors } from "./neighbors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const points = { values: Float32Array.of(0, 1, 5), length: 3, width: 1 };
 * const { indices, distances } = await nearestNeighbors(points, { count: 2 });
 * assertEquals(indices, [[0, 1], [1, 0], [2, 1]]);
 * assertEquals(distances, [[0, 1], [0, 1], [0, 4]]);
 * ```
 */
export async function nearestNeighbors(
  points: Points,
  { count, signal, onProgress }: NeighborOptions,
): Promise<Neighbors> {
  const { values, length, width } = points;
  const most = Math.min(length, count + MARGIN);
  const block = Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_SCORES / length)));
  const session = await scoreSession(length, width);
  const found: Neighbors = { indices: [], distances: [] };
  try {
    const all = await bind({ dtype: "float32", shape: [length, width], data: values });
    const norms = await bind({ dtype: "float32", shape: [length], data: squaredNorms(points) });
    for (let start = 0; start < length; start += block) {
      signal?.throwIfAborted();
      const rows = Math.min(block, length - start);
      const data = values.slice(start * width, (start + rows) * width);
      const some = { dtype: "float32", shape: [rows, width], data } as const;
      const { scores } = await session.run({ some, all, norms });
      for (let row = 0; row < rows; row++) {
        const line = (scores.data as Float32Array).subarray(row * length, (row + 1) * length);
        const ranked = rank(points, start + row, smallest(line, most)).slice(0, count);
        found.indices.push(ranked.map(({ index }) => index));
        found.distances.push(ranked.map(({ distance }) => distance));
      }
      onProgress?.(start + rows);
      await new Promise((resolve) => setTimeout(resolve)); // signals arrive between blocks
    }
    return found;
  } finally {
    await session.release();
  }
}

/** `|b|² - 2 a·b`: the squared distance without `|a|²`, which changes no order. */
function scoreSession(length: number, width: number): Promise<Session> {
  const some = input("some", "float32", ["rows", width]);
  const all = input("all", "float32", [length, width]);
  const norms = input("norms", "float32", [length]);
  return Session.create({ scores: gemm(some, all, { c: norms, alpha: -2, transB: true }) }, {
    reuseOutputs: true,
  });
}

function squaredNorms({ values, length, width }: Points): Float32Array<ArrayBuffer> {
  const norms = new Float32Array(length);
  for (let row = 0; row < length; row++) {
    let sum = 0;
    for (let at = row * width; at < (row + 1) * width; at++) sum += values[at] ** 2;
    norms[row] = sum;
  }
  return norms;
}

/** Indices of the smallest scores, by insertion into a short sorted list. */
function smallest(scores: Float32Array, count: number): number[] {
  const indices: number[] = [];
  const kept = new Float32Array(count).fill(Infinity);
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index];
    if (indices.length === count && score >= kept[count - 1]) continue;
    let at = Math.min(indices.length, count - 1);
    if (indices.length < count) indices.push(index);
    for (; at > 0 && kept[at - 1] > score; at--) {
      kept[at] = kept[at - 1];
      indices[at] = indices[at - 1];
    }
    kept[at] = score;
    indices[at] = index;
  }
  return indices;
}

interface Ranked {
  readonly index: number;
  readonly distance: number;
}

/** Candidates by their distances, the point itself first even where others lie on it. */
function rank(points: Points, own: number, candidates: readonly number[]): Ranked[] {
  const others = candidates.filter((index) => index !== own)
    .map((index) => ({ index, distance: distanceOf(points, own, index) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index);
  return [{ index: own, distance: 0 }, ...others];
}

function distanceOf({ values, width }: Points, a: number, b: number): number {
  let sum = 0;
  for (let i = a * width, j = b * width; i < (a + 1) * width; i++, j++) {
    sum += (values[i] - values[j]) ** 2;
  }
  return Math.sqrt(sum);
}
