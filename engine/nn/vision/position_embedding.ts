/**
 * Position embeddings for another grid of patches than they were learned for: bicubic with
 * antialiasing, as timm's `resample_abs_pos_embed`.
 * @module
 */
import { cubic } from "../../cubic.ts";
import { constant } from "../../ir/create.ts";
import { concat, reshape } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import { matMul } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import type { Size } from "./patch_embed.ts";

/**
 * Two grids, and what stands around them.
 * @category Weights
 */
export interface GridChange {
  /** Grid that the embeddings are for, in patches. */
  readonly from: Size;
  /** Grid that is wanted, in patches. */
  readonly to: Size;
  /** How many embeddings of prefix tokens come first; they stay. */
  readonly prefixTokens: number;
}

/**
 * Weights of bicubic resampling with antialiasing along one axis
 * (`torch.nn.functional.interpolate`, `align_corners=False`).
 * @param from Number of samples.
 * @param to Number of samples that are wanted.
 * @returns `[to, from]`, row-major; each row sums to 1.
 */
export function resampling(from: number, to: number): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(to * from);
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  for (let row = 0; row < to; row++) {
    const center = scale * (row + 0.5);
    const first = Math.max(Math.trunc(center - 2 * stretch + 0.5), 0);
    const end = Math.min(Math.trunc(center + 2 * stretch + 0.5), from);
    const weights = Array.from(
      { length: end - first },
      (_, at) => cubic((first + at - center + 0.5) / stretch),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const [at, weight] of weights.entries()) matrix[row * from + first + at] = weight / sum;
  }
  return matrix;
}

function sameGrid({ from, to }: GridChange): boolean {
  return from[0] === to[0] && from[1] === to[1];
}

/**
 * Resamples position embeddings in a graph.
 * @param positions `[1, prefix tokens + patches, dim]`.
 * @param change The grids.
 * @returns `[1, prefix tokens + patches of the wanted grid, dim]`.
 */
export function resamplePositions(positions: Tensor, change: GridChange): Tensor {
  if (sameGrid(change)) return positions;
  const { from: [height, width], to, prefixTokens } = change;
  const [, count, dim] = positions.shape.map(Number);
  const patches = slice(positions, 1, prefixTokens, count);
  const down = constant(resampling(height, to[0]), [to[0], height]);
  const across = constant(resampling(width, to[1]), [to[1], width]);
  const rows = matMul(down, reshape(patches, [height, width * dim]));
  const resampled = matMul(across, reshape(rows, [to[0], width, dim]));
  const tokens = reshape(resampled, [1, to[0] * to[1], dim]);
  return prefixTokens === 0 ? tokens : concat([slice(positions, 1, 0, prefixTokens), tokens], 1);
}

/**
 * Resamples the values of position embeddings.
 * @param values `[prefix tokens + patches, dim]`, row-major.
 * @param change The grids.
 * @returns Values for the wanted grid.
 *
 * @example From 2 × 2 patches to 1 × 1
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const change = { from: [2, 2], to: [1, 1], prefixTokens: 1 } as const;
 * assertEquals([...resampleValues(Float32Array.of(9, 1, 2, 3, 4), change)], [9, 2.5]);
 * ```
 *
 * @category Weights
 */
export function resampleValues(
  values: Float32Array<ArrayBuffer>,
  change: GridChange,
): Float32Array<ArrayBuffer> {
  if (sameGrid(change)) return values;
  const { from: [height, width], to, prefixTokens } = change;
  const dim = values.length / (prefixTokens + height * width);
  const prefix = prefixTokens * dim;
  const down = resampling(height, to[0]);
  const across = resampling(width, to[1]);
  const result = new Float32Array(prefix + to[0] * to[1] * dim);
  result.set(values.subarray(0, prefix));
  const rows = multiply(down, values.subarray(prefix), height); // [to height, width · dim]
  for (let row = 0; row < to[0]; row++) {
    const line = rows.subarray(row * width * dim, (row + 1) * width * dim);
    result.set(multiply(across, line, width), prefix + row * to[1] * dim);
  }
  return result;
}

/** Matrix product of `[n, inner]` and `[inner, m]`, row-major, summed in float64. */
function multiply(a: Float32Array, b: Float32Array, inner: number): Float32Array {
  const [n, m] = [a.length / inner, b.length / inner];
  const product = new Float32Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k] * b[k * m + j];
      product[i * m + j] = sum;
    }
  }
  return product;
}
