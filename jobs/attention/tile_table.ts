/**
 * Attention as tables: every tile of a slide, and the tiles of all slides that count most.
 * @module
 */
import { type SlideAttention, topTiles } from "./slide_attention.ts";

/**
 * The tiles of a slide, one line each.
 * @param slide The slide.
 * @returns The file, line by line: places and sides in pixels of level 0.
 */
export function* tileTable(slide: SlideAttention): Generator<string> {
  yield line(["x", "y", "w", "h", ...numbersOf(slide).keys()]);
  for (let tile = 0; tile < slide.weights.length; tile++) yield line(cellsOf(slide, tile));
}

/**
 * The tiles of a slide that nobody knows the places of, one line each.
 * @param slide The slide.
 * @returns The file, line by line: the index of the tile in the place of where it lies.
 */
export function* placelessTileTable(slide: SlideAttention): Generator<string> {
  yield line(["tile", ...numbersOf(slide).keys()]);
  for (let tile = 0; tile < slide.weights.length; tile++) {
    yield line([tile, ...valuesOf(slide, tile)]);
  }
}

/** Head of the table of {@linkcode topRows}. */
export function topHead(slide: SlideAttention): string {
  return line([
    "slide",
    "predicted",
    "rank",
    "tile",
    "x",
    "y",
    "w",
    "h",
    ...numbersOf(slide).keys(),
  ]);
}

/**
 * The tiles of a slide that count most.
 * @param slide The slide.
 * @param count How many at most.
 * @returns Lines.
 */
export function topRows(slide: SlideAttention, count: number): string[] {
  const { slide: name, predicted = "" } = slide;
  return topTiles(slide, count).map((tile, rank) =>
    line([name, predicted, rank + 1, tile, ...cellsOf(slide, tile)])
  );
}

function numbersOf(
  { weights, percentiles, instanceScores }: SlideAttention,
): Map<string, Float32Array> {
  const scores = [...instanceScores].map(([name, values]) => [`score_${name}`, values] as const);
  return new Map([["attention", weights], ["percentile", percentiles], ...scores]);
}

function cellsOf(slide: SlideAttention, tile: number): number[] {
  const { corners, size } = slide;
  return [corners[2 * tile], corners[2 * tile + 1], size, size, ...valuesOf(slide, tile)];
}

function valuesOf(slide: SlideAttention, tile: number): number[] {
  return [...numbersOf(slide).values()].map((values) => Number(values[tile].toPrecision(6)));
}

function line(cells: readonly (string | number)[]): string {
  return cells.map((cell) => quoted(String(cell))).join(",") + "\n";
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
