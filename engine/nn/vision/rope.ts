/**
 * Rotary positions of vision transformers (Su et al. 2021): queries and keys are turned by angles
 * that depend on where their patch lies. timm's RotaryEmbeddingCat, RotaryEmbeddingMixed (Heo et al.
 * 2024) and RotaryEmbeddingDinoV3 (Siméoni et al. 2025).
 * @module
 */
import { constant } from "../../ir/create.ts";
import { add, cos, mul, neg, sin } from "../../ir/elementwise.ts";
import { slice } from "../../ir/indexing.ts";
import { concat, reshape, unsqueeze } from "../../ir/layout.ts";
import { matMul } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import type { Initializer } from "../initializers.ts";
import type { Scope } from "../scope.ts";
import type { Size } from "./patch_embed.ts";

/** Turns queries or keys `[batch, heads, tokens, width]`. */
export type Rotation = (x: Tensor) => Tensor;

/** How angles depend on positions. */
export type RopeKind = "cat" | "mixed" | "dinov3";

/** What all kinds of rotary positions need. */
export interface RopeOptions {
  /** Width of a head, a multiple of 4. */
  readonly width: number;
  /** Number of heads. */
  readonly heads: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Rows and columns of patches. */
  readonly grid: Size;
  /** Tokens before the patches, which are not turned. */
  readonly prefixTokens: number;
  /** Slowest wavelength, about. */
  readonly temperature: number;
  /** Whether an entry is paired with the one half a width away, not with its neighbour. */
  readonly half: boolean;
  /** Added to rows and columns, for `cat`. */
  readonly offset: number;
  /** Grid that rows and columns are scaled to, for `cat`. @default {no scaling} */
  readonly reference?: Size;
  /** Whether rows come before columns (`ij`) or after them (`xy`), for `cat` and `mixed`. */
  readonly indexing: "ij" | "xy";
}

/** Makes the rotation of a block, counted from 0. */
export type Rope = (block: number) => Rotation;

/** Row and column of each token; those before the patches lie at the origin, which turns nothing. */
function positions(
  { grid: [rows, columns], prefixTokens }: RopeOptions,
  place: (index: number, axis: 0 | 1) => number,
): (readonly [row: number, column: number])[] {
  const patches = Array.from({ length: rows * columns }, (_, index) =>
    [
      place(Math.floor(index / columns), 0),
      place(index % columns, 1),
    ] as const);
  return [...Array.from({ length: prefixTokens }, () => [0, 0] as const), ...patches];
}

/** Sine and cosine, `[tokens, width]` or `[heads, tokens, width]`. */
interface Turn {
  readonly sin: Tensor;
  readonly cos: Tensor;
}

/** Applies a turn. */
function rotation({ sin, cos }: Turn, { width, half }: RopeOptions): Rotation {
  const swap = half ? halfSwap : pairSwap(width);
  return (x) => add(mul(x, cos), mul(swap(x), sin));
}

/** `[a, b]` to `[-b, a]`, with a and b the halves of the last axis. */
function halfSwap(x: Tensor): Tensor {
  const axis = x.shape.length - 1;
  const width = Number(x.shape[axis]);
  const last = slice(x, axis, width / 2, width);
  return concat([neg(last), slice(x, axis, 0, width / 2)], axis);
}

/** `[a, b, c, d …]` to `[-b, a, -d, c …]`: a product with a matrix of 0, 1 and -1 is exact, and fast. */
function pairSwap(width: number): (x: Tensor) => Tensor {
  const matrix = new Float32Array(width * width);
  for (let at = 0; at < width; at += 2) {
    matrix[(at + 1) * width + at] = -1;
    matrix[at * width + at + 1] = 1;
  }
  const swap = constant(matrix, [width, width]);
  return (x) => matMul(x, swap);
}

/** A turn by angles that are known: of each token, one for each pair. */
function fixedTurn(angles: readonly (readonly number[])[], pairs: "tiled" | "adjacent"): Turn {
  const spread = pairs === "tiled"
    ? angles.map((row) => [...row, ...row])
    : angles.map((row) => row.flatMap((angle) => [angle, angle]));
  const shape = [spread.length, spread[0].length];
  const all = spread.flat();
  return {
    sin: constant(Float32Array.from(all, Math.sin), shape),
    cos: constant(Float32Array.from(all, Math.cos), shape),
  };
}

/** Angles fall with the channel as in language models; half of them for rows, half for columns. */
function catTurn(options: RopeOptions): Turn {
  const { width, grid, offset, reference = grid, temperature, indexing } = options;
  const bands = Array.from(
    { length: width / 4 },
    (_, band) => temperature ** (-band / (width / 4)),
  );
  const place = (index: number, axis: 0 | 1) => (index + offset) / grid[axis] * reference[axis];
  const angles = positions(options, place).map(([row, column]) =>
    (indexing === "ij" ? [row, column] : [column, row]).flatMap((at) =>
      bands.map((band) => at * band)
    )
  );
  return fixedTurn(angles, "adjacent");
}

/** Positions reach from -1 to 1 in the middles of patches, whatever the grid. */
function dinov3Turn(options: RopeOptions): Turn {
  const { width, grid, temperature, prefixTokens } = options;
  const periods = Array.from(
    { length: width / 4 },
    (_, band) => temperature ** (2 * band / (width / 2)),
  );
  const place = (index: number, axis: 0 | 1) => 2 * (index + 0.5) / grid[axis] - 1;
  const angles = positions(options, place).map((position, token) =>
    position.flatMap((at) =>
      periods.map((period) => token < prefixTokens ? 0 : 2 * Math.PI * at / period)
    )
  );
  return fixedTurn(angles, "tiled");
}

/** Initial frequencies `[2, depth, heads, width / 2]`: a random direction for each head. */
function mixedFrequencies({ width, temperature }: RopeOptions): Initializer {
  const bands = Array.from({ length: width / 4 }, (_, band) => temperature ** (-4 * band / width));
  return ([, depth, heads], random) => {
    const values = new Float32Array(2 * depth * heads * width / 2);
    const half = values.length / 2;
    for (let head = 0; head < depth * heads; head++) {
      const direction = random.float() * 2 * Math.PI;
      for (const [quarter, angle] of [direction, direction + Math.PI / 2].entries()) {
        for (const [band, size] of bands.entries()) {
          const at = head * width / 2 + quarter * width / 4 + band;
          values[at] = size * Math.cos(angle);
          values[half + at] = size * Math.sin(angle);
        }
      }
    }
    return values;
  };
}

/** Angles are learned for each block, head and pair. */
function mixedTurns(scope: Scope, options: RopeOptions): (block: number) => Turn {
  const { width, heads, depth, indexing } = options;
  const shape = [2, depth, heads, width / 2];
  const freqs = scope.parameter("freqs", shape, mixedFrequencies(options));
  const places = positions(options, (index) => index);
  const order = indexing === "ij" ? [0, 1] as const : [1, 0] as const;
  const [first, second] = order.map((axis) =>
    constant(places.map((position) => position[axis]), [places.length, 1])
  );
  return (block) => {
    const own = reshape(slice(freqs, 1, block, block + 1), [2, heads, 1, width / 2]);
    const along = (axis: number) => reshape(slice(own, 0, axis, axis + 1), [heads, 1, width / 2]);
    const angles = add(mul(first, along(0)), mul(second, along(1))); // [heads, tokens, width / 2]
    return { sin: twice(sin(angles)), cos: twice(cos(angles)) };
  };
}

/** Each entry of the last axis twice. */
function twice(x: Tensor): Tensor {
  const [heads, tokens, pairs] = x.shape;
  const entries = unsqueeze(x, [3]);
  return reshape(concat([entries, entries], 3), [heads, tokens, 2 * Number(pairs)]);
}

/**
 * Declares rotary positions.
 * @param scope Where the frequencies of `mixed` stand.
 * @param kind How angles depend on positions.
 * @param options Sizes and conventions.
 */
export function rope(scope: Scope, kind: RopeKind, options: RopeOptions): Rope {
  if (kind === "mixed") {
    const turnOf = mixedTurns(scope, options);
    return (block) => rotation(turnOf(block), options);
  }
  const same = rotation(kind === "cat" ? catTurn(options) : dinov3Turn(options), options);
  return () => same;
}
