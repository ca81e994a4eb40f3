/**
 * Tables of relative positions for other windows than they were learned for: linear between points
 * whose distances grow with the distance from the middle, as timm's `resize_rel_pos_bias_table`.
 * @module
 */
import type { Size } from "./patch_embed.ts";

/**
 * Two windows.
 * @category Weights
 */
export interface WindowChange {
  /** Side of the square window that the table is for. */
  readonly from: number;
  /** Window that is wanted. */
  readonly to: Size;
}

/**
 * Places of the offsets of one window among those of another: 0 in the middle, and steps that grow
 * by a factor outwards, the one with which the outermost places meet.
 */
function placesOf(from: number, to: number): readonly number[] {
  const [half, reach] = [from >> 1, to >> 1];
  let [low, high, factor] = [1.01, 1.5, 0];
  while (high - low > 1e-6) {
    factor = (low + high) / 2;
    const outermost = (1 - factor ** half) / (1 - factor);
    if (outermost > reach) high = factor;
    else low = factor;
  }
  const outwards: number[] = [];
  for (let place = 1; outwards.length < half; place += factor ** outwards.length) {
    outwards.push(place);
  }
  return [...outwards.map((place) => -place).reverse(), 0, ...outwards];
}

/** What an offset is made of: two neighbours, and the share of the second. */
type Between = readonly [first: number, second: number, share: number];

/** For each offset of the wanted window, the neighbours of the learned one. */
function neighbours(from: number, to: number): readonly Between[] {
  const places = placesOf(from, to);
  return Array.from({ length: to }, (_, index) => {
    const at = index - Math.floor(to / 2);
    const found = places.findIndex((place) => place >= at);
    if (found === 0) return [0, 0, 0];
    if (found < 0) return [from - 1, from - 1, 0];
    const [left, right] = [places[found - 1], places[found]];
    return [found - 1, found, (at - left) / (right - left)];
  });
}

/**
 * Resamples a table of biases of relative positions.
 * @param values `[offsets, heads]`, row-major, the offsets of a square window row by row.
 * @param change The windows.
 * @returns The table of the wanted window.
 *
 * @example From windows of 3 by 3 to 2 by 2: nearly what lies in the middle
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = Float32Array.from({ length: 25 }, (_, index) => index);
 * const resampled = resampleRelativePositions(table, { from: 3, to: [2, 2] });
 * assertEquals([...resampled], [6, 7, 8, 11, 12, 13, 16, 17, 18]);
 * ```
 *
 * @category Weights
 */
export function resampleRelativePositions(
  values: Float32Array<ArrayBuffer>,
  { from, to }: WindowChange,
): Float32Array<ArrayBuffer> {
  if (to[0] === from && to[1] === from) return values;
  const side = 2 * from - 1;
  const heads = values.length / side ** 2;
  const [rows, columns] = to.map((size) => neighbours(side, 2 * size - 1));
  const result = new Float32Array(rows.length * columns.length * heads);
  let at = 0;
  for (const [top, bottom, down] of rows) {
    for (const [left, right, across] of columns) {
      for (let head = 0; head < heads; head++) {
        const value = (row: number, column: number) => values[(row * side + column) * heads + head];
        const upper = value(top, left) * (1 - across) + value(top, right) * across;
        const lower = value(bottom, left) * (1 - across) + value(bottom, right) * across;
        result[at++] = upper * (1 - down) + lower * down;
      }
    }
  }
  return result;
}
