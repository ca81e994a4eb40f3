/**
 * Where the tokens of TransMIL lie: bags as lines of a grid, and their squares as tiles.
 *
 * The instances of a bag fill a square, whose rest repeats the first ones; a class token precedes
 * them, zeros precede both until the landmarks divide the line. A line of the grid is one bag's, as
 * long as the longest bag needs, so that every bag is computed as it is alone.
 */
import { add, cast, div, max, min, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { constant } from "../../engine/ir/create.ts";
import { and, equal, greaterOrEqual, less, where } from "../../engine/ir/logic.ts";
import { reshape, sizeOfAxis, unsqueeze } from "../../engine/ir/layout.ts";
import { cumSum, gather, range } from "../../engine/ir/indexing.ts";
import { reduceMax, reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { Bags } from "../../engine/nn/bags.ts";

/** Lines of the grid are multiples of this, so that a convolution along them works in blocks. */
export const BLOCK = 32;
/** Side of the squares that tiles compute. */
export const TILE = 16;
/** Symbol of the length of a line. */
const TOKENS = "tokens";

/** The grid of a batch; all sizes are `int64 [bags, 1]`. */
export interface TokenGrid {
  /** Side of the square of instances. */
  readonly side: Tensor;
  /** Place of the class token: how many zeros precede it. */
  readonly first: Tensor;
  /** Places of the line that exist for the bag: zeros, class token and instances. */
  readonly used: Tensor;
  /** Places per landmark. */
  readonly group: Tensor;
  /** Places `0, 1, …` of a line, `int64 [1, tokens]`. */
  readonly places: Tensor;
  /** Length of a line, an `int64` scalar. */
  readonly length: Tensor;
  /** Number of each place within the square, from 0, and 0 elsewhere: `int64 [bags, tokens]`. */
  readonly cell: Tensor;
  /** Whether a place holds an instance, `bool [bags, tokens]`. */
  readonly isInstance: Tensor;
  /** Whether a place holds an instance or the class token, `bool [bags, tokens]`. */
  readonly isToken: Tensor;
  /** Row of the packed instances for each place, 0 where it holds none: `int64 [bags, tokens]`. */
  readonly row: Tensor;
  /** Class tokens among the places of all lines, `int64 [bags]`. */
  readonly classToken: Tensor;
}

/**
 * Lays out the grid.
 * @param bags The bags.
 * @param landmarks Number of landmarks.
 */
export function tokenGrid({ lengths }: Bags, landmarks: number): TokenGrid {
  const count = unsqueeze(lengths, [1]); // [bags, 1]
  const start = unsqueeze(cumSum(lengths, 0, true), [1]);
  const side = squareSide(count);
  const tokens = add(mul(side, side), 1);
  const group = roundedUp(tokens, landmarks);
  const used = mul(group, landmarks);
  const first = sub(used, tokens);
  const length = mul(roundedUp(reduceMax(used), BLOCK), BLOCK);
  const places = unsqueeze(range(length, TOKENS), [0]);
  const within = sub(places, add(first, 1)); // -1 at the class token
  const isUsed = less(places, used);
  const isInstance = and(greaterOrEqual(within, 0), isUsed);
  const cell = where(isInstance, within, 0);
  const repeated = where(less(cell, count), cell, sub(cell, count));
  const bags = range(sizeOfAxis(lengths, 0), lengths.shape[0]);
  return {
    side,
    first,
    used,
    group,
    places,
    length,
    cell,
    isInstance,
    isToken: and(greaterOrEqual(within, -1), isUsed),
    row: where(isInstance, add(start, repeated), 0),
    classToken: add(mul(bags, length), reshape(first, [lengths.shape[0]])),
  };
}

/** ⌈√count⌉; exact below 2²⁴, where float32 has every count. */
function squareSide(count: Tensor): Tensor {
  const root = cast(sqrt(cast(count, "float32")), "int64"); // rounded down, or the result already
  return add(root, cast(less(mul(root, root), count), "int64"));
}

function roundedUp(value: Tensor, divisor: number): Tensor {
  return div(add(value, divisor - 1), divisor);
}

/** The squares of all bags, cut into tiles that overlap by a margin. */
export interface Tiles {
  /** Place among those of all lines, 0 beyond the square: `int64 [tiles, TILE + 2 margin, …]`. */
  readonly places: Tensor;
  /** Whether an entry lies in its bag's square, `bool` of the same shape. */
  readonly inside: Tensor;
  /** Which inner entry of all tiles each place of the grid is, `int64 [bags, tokens]`. */
  readonly entry: Tensor;
}

/**
 * Cuts the squares.
 * @param grid The grid.
 * @param margin Entries around each tile.
 */
export function tiles(grid: TokenGrid, margin: number): Tiles {
  const across = roundedUp(grid.side, TILE); // [bags, 1]
  const counts = reshape(mul(across, across), [grid.side.shape[0]]);
  const ends = cumSum(counts, 0);
  const starts = sub(ends, counts);
  const number = range(reduceSum(counts), "tiles");
  const before = greaterOrEqual(unsqueeze(number, [1]), unsqueeze(ends, [0]));
  const bag = reduceSum(cast(before, "int64"), { axes: [1] }); // [tiles]
  const ofTile = (perBag: Tensor) => gather(perBag, bag); // [tiles, 1]
  const within = sub(unsqueeze(number, [1]), ofTile(unsqueeze(starts, [1])));
  const line = div(within, ofTile(across));
  const column = sub(within, mul(line, ofTile(across)));
  const size = TILE + 2 * margin;
  const offsets = constant([...Array(size).keys()].map((i) => i - margin), [1, size], "int64");
  const side = ofTile(grid.side);
  const [y, x] = [line, column].map((at) => add(mul(at, TILE), offsets)); // [tiles, size]
  const [inY, inX] = [y, x].map((at) => and(greaterOrEqual(at, 0), less(at, side)));
  const origin = add(mul(unsqueeze(bag, [1]), grid.length), add(ofTile(grid.first), 1));
  const lines = unsqueeze(add(mul(y, side), origin), [2]);
  const inside = and(unsqueeze(inY, [2]), unsqueeze(inX, [1]));
  return {
    places: where(inside, add(lines, unsqueeze(x, [1])), 0),
    inside,
    entry: entries(grid, { across, starts: unsqueeze(starts, [1]) }),
  };
}

function entries(
  { cell, side }: TokenGrid,
  { across, starts }: { readonly across: Tensor; readonly starts: Tensor },
): Tensor {
  const y = div(cell, side);
  const x = sub(cell, mul(y, side));
  const [tileY, tileX] = [y, x].map((at) => div(at, TILE));
  const tile = add(starts, add(mul(tileY, across), tileX));
  const inY = sub(y, mul(tileY, TILE));
  const inX = sub(x, mul(tileX, TILE));
  return add(mul(tile, TILE * TILE), add(mul(inY, TILE), inX));
}

/** Places around the class tokens, and which of them exist. */
export interface ClassWindows {
  /** Places among those of all lines, `int64 [bags, size]`. */
  readonly places: Tensor;
  /** Whether they exist for the bag, `bool [bags, size]`. */
  readonly inside: Tensor;
}

/**
 * The window of a convolution at the class tokens.
 * @param grid The grid.
 * @param size Its size, which is odd.
 */
export function classWindows(grid: TokenGrid, size: number): ClassWindows {
  const half = (size - 1) / 2;
  const offsets = constant([...Array(size).keys()].map((i) => i - half), [1, size], "int64");
  const place = add(grid.first, offsets); // [bags, size]
  const inside = and(greaterOrEqual(place, 0), less(place, grid.used));
  const line = sub(unsqueeze(grid.classToken, [1]), grid.first);
  const known = min(max(place, 0), sub(grid.used, 1));
  return { places: add(line, known), inside };
}

/**
 * The means that make landmarks: each landmark's places share 1.
 * @param grid The grid.
 * @param landmarks Number of landmarks.
 * @returns `[bags, landmarks, tokens]`.
 */
export function landmarkMeans(grid: TokenGrid, landmarks: number): Tensor {
  const number = reshape(
    constant([...Array(landmarks).keys()], [landmarks], "int64"),
    [1, landmarks, 1],
  );
  const ofPlace = unsqueeze(div(grid.places, grid.group), [1]); // [bags, 1, tokens]
  const share = unsqueeze(div(1, cast(grid.group, "float32")), [1]); // [bags, 1, 1]
  return where(equal(ofPlace, number), share, 0);
}
