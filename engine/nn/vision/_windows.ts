/**
 * Windows of maps, which Swin Transformers attend in: cutting, shifting, and what keeps apart what
 * a shift brings together.
 * @module
 */
import { constant } from "../../ir/create.ts";
import { concat, reshape, transpose } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import type { Tensor } from "../../ir/node.ts";
import { pad2d } from "../../ir/windows.ts";
import type { Size } from "./patch_embed.ts";

/** How maps are divided into windows. */
export interface Windows {
  /** Rows and columns of the maps. */
  readonly map: Size;
  /** Rows and columns of a window. */
  readonly window: Size;
  /** How far windows are shifted. */
  readonly shift: Size;
}

/** Size of the maps with the zeros behind them that fill the last windows. */
function paddedSize({ map, window }: Windows): Size {
  const [height, width] = map.map((side, axis) => Math.ceil(side / window[axis]) * window[axis]);
  return [height, width];
}

/** The rows from `count` on, then those before (`torch.roll` by `-count`). */
function rolled(x: Tensor, axis: 1 | 2, count: number): Tensor {
  const size = Number(x.shape[axis]);
  return count % size === 0
    ? x
    : concat([slice(x, axis, count, size), slice(x, axis, 0, count)], axis);
}

/** Fills maps `[batch, height, width, channels]` up with zeros at the bottom and on the right. */
export function padMaps(x: Tensor, [height, width]: Size): Tensor {
  const [batch, rows, columns, channels] = x.shape;
  const [right, bottom] = [width - Number(columns), height - Number(rows)];
  if (right === 0 && bottom === 0) return x;
  const flat = reshape(x, [batch, 1, rows, Number(columns) * Number(channels)]);
  const filled = pad2d(flat, [0, 0, bottom, right * Number(channels)]);
  return reshape(filled, [batch, height, width, channels]);
}

/**
 * Shifts maps and cuts them into windows.
 * @param x `[batch, height, width, channels]`.
 * @param windows The windows.
 * @returns `[batch, windows, entries of a window, channels]`.
 */
export function intoWindows(x: Tensor, windows: Windows): Tensor {
  const { window: [p, q], shift } = windows;
  const [height, width] = paddedSize(windows);
  const whole = padMaps(rolled(rolled(x, 1, shift[0]), 2, shift[1]), [height, width]);
  const [batch, , , channels] = x.shape;
  const [rows, columns] = [height / p, width / q];
  const cut = transpose(reshape(whole, [batch, rows, p, columns, q, channels]), [0, 1, 3, 2, 4, 5]);
  return reshape(cut, [batch, rows * columns, p * q, channels]);
}

/**
 * Undoes {@linkcode intoWindows}.
 * @param x `[batch, windows, entries of a window, channels]`.
 * @param windows The windows.
 */
export function fromWindows(x: Tensor, windows: Windows): Tensor {
  const { map, window: [p, q], shift } = windows;
  const [height, width] = paddedSize(windows);
  const [batch, , , channels] = x.shape;
  const cut = reshape(x, [batch, height / p, width / q, p, q, channels]);
  const whole = reshape(transpose(cut, [0, 1, 3, 2, 4, 5]), [batch, height, width, channels]);
  const maps = slice(slice(whole, 1, 0, map[0]), 2, 0, map[1]);
  return rolled(rolled(maps, 1, map[0] - shift[0]), 2, map[1] - shift[1]);
}

/** Which part of a shifted axis an entry lies in: before the last window, or in either half of it. */
function regionOf(at: number, size: number, { window, shift }: Record<"window" | "shift", number>) {
  if (at >= size - shift || shift === 0) return 2;
  return at < size - window ? 0 : 1;
}

/**
 * What is added to attention between entries that only a shift has brought together.
 * @param windows The windows.
 * @returns `[windows, 1, entries, entries]`, or `undefined` where nothing is shifted.
 */
export function shiftMask(windows: Windows): Tensor | undefined {
  const { window: [p, q], shift } = windows;
  if (shift[0] === 0 && shift[1] === 0) return undefined;
  const [height, width] = paddedSize(windows);
  const region = (row: number, column: number) =>
    3 * regionOf(row, height, { window: p, shift: shift[0] }) +
    regionOf(column, width, { window: q, shift: shift[1] });
  const count = height * width / (p * q);
  const values: number[] = [];
  for (let top = 0; top < height; top += p) {
    for (let left = 0; left < width; left += q) {
      const regions = Array.from(
        { length: p * q },
        (_, at) => region(top + Math.floor(at / q), left + at % q),
      );
      for (const from of regions) values.push(...regions.map((to) => from === to ? 0 : -100));
    }
  }
  return constant(values, [count, 1, p * q, p * q]);
}

/**
 * Where the bias of a pair of entries stands in a table of relative positions.
 * @param window Rows and columns of a window.
 * @returns For each entry and each other, row by row.
 */
export function relativeIndex([height, width]: Size): readonly number[] {
  const entries = Array.from(
    { length: height * width },
    (_, at) => [Math.floor(at / width), at % width],
  );
  return entries.flatMap(([row, column]) =>
    entries.map(([otherRow, otherColumn]) =>
      (row - otherRow + height - 1) * (2 * width - 1) + column - otherColumn + width - 1
    )
  );
}
