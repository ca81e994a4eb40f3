/**
 * What is told of a slide: its tiles, how much each of them counts, and which part of the slide has
 * less.
 * @module
 */
import type { TilePlaces } from "../../engine/slides/tile_places.ts";

/** A slide with the attention of its tiles. */
export interface SlideAttention extends TilePlaces {
  /** Its name. */
  readonly slide: string;
  /** How much each tile counts in its bag, `[tiles]`. */
  readonly weights: Float32Array;
  /** Share of the bag's tiles with less attention, in percent, `[tiles]`; ties share theirs. */
  readonly percentiles: Float32Array;
  /** How much each tile is one of each class, by name of the class, `[tiles]` each. */
  readonly instanceScores: ReadonlyMap<string, Float32Array>;
  /** The class that was predicted, where it is one. */
  readonly predicted?: string;
}

/**
 * Ranks values as CLAM does for its heatmaps: the mean rank in percent of their number
 * (`scipy.stats.rankdata(values, "average") / n * 100`).
 * @param values Values.
 * @returns Above 0, at most 100.
 *
 * @example Two that are equal share their ranks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([...percentilesOf(Float32Array.of(3, 1, 3, 9))], [62.5, 25, 62.5, 100]);
 * ```
 */
export function percentilesOf(values: Float32Array): Float32Array {
  const order = Uint32Array.from(values, (_, at) => at).sort((a, b) => values[a] - values[b]);
  const result = new Float32Array(values.length);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    const rank = (first + 1 + end) / 2;
    for (let at = first; at < end; at++) result[order[at]] = 100 * rank / values.length;
    first = end;
  }
  return result;
}

/**
 * The tiles with the most attention.
 * @param slide The slide.
 * @param count How many at most.
 * @returns Their indices, the first of equal ones first.
 */
export function topTiles({ weights }: Pick<SlideAttention, "weights">, count: number): number[] {
  return Array.from(weights, (_, at) => at).sort((a, b) => weights[b] - weights[a] || a - b)
    .slice(0, count);
}

/**
 * Scores of the tiles of a slide by the name of the class: its index where it has none.
 * @param scores `[instances, numClasses]` of its bag, where there are scores.
 * @param of Classes and their names, and which instances of the bag are those of the slide.
 */
export function scoresByClass(
  scores: Float32Array | undefined,
  { numClasses, classNames = [], start, end }: {
    readonly numClasses: number;
    readonly classNames?: readonly string[];
    readonly start: number;
    readonly end: number;
  },
): ReadonlyMap<string, Float32Array> {
  if (scores === undefined) return new Map();
  return new Map(
    Array.from({ length: numClasses }, (_, at) => {
      const column = Float32Array.from(
        { length: end - start },
        (_, tile) => scores[(start + tile) * numClasses + at],
      );
      return [classNames[at] ?? String(at), column] as const;
    }),
  );
}
