/**
 * UMAP (McInnes, Healy and Melville, 2018) by umap-js, with exact neighbours and a start that is not
 * random: from their principal components points reach a layout whose distances between groups mean
 * more (Kobak and Linderman, 2021).
 * @module
 */
import { deriveSeed, Random } from "../../engine/random.ts";
import { center, nearestNeighbors, type Points } from "./neighbors.ts";
import { principalComponents } from "./principal_components.ts";

/** How points are laid out. */
export interface LayoutOptions {
  /** Neighbours of a point, itself among them; fewer than there are points. */
  readonly neighbors: number;
  /** Smallest distance between points of the layout. */
  readonly minDist: number;
  /** Seed of everything that is random. */
  readonly seed: number;
  /** Stops the work when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with how far it is. */
  readonly onProgress?: (progress: LayoutProgress) => void;
}

/** How far a layout is. */
export interface LayoutProgress {
  /** What is being done. */
  readonly step: "neighbours" | "layout";
  /** Points or epochs that are done. */
  readonly done: number;
  /** Points or epochs in all. */
  readonly total: number;
}

/** Extent of both axes at the start, as in umap-learn. */
const EXTENT = 10;
/** Standard deviation of what moves points apart that start at one place, as in umap-learn. */
const JITTER = 1e-4;
const TWO_32 = 2 ** 32;
/** Epochs after which signals may arrive. */
const PAUSE = 5;

/**
 * Lays points out in the plane, neighbours next to each other. The same seed gives the same layout on
 * the same machine.
 * @param points The points; their mean is moved to 0.
 * @param options How they are laid out.
 * @returns Two coordinates per point.
 */
export async function layOut(points: Points, options: LayoutOptions): Promise<[number, number][]> {
  const { neighbors, minDist, seed, signal, onProgress } = options;
  const { UMAP } = await import("umap-js");
  center(points);
  const { indices, distances } = await nearestNeighbors(points, {
    count: neighbors,
    signal,
    onProgress: (done) => onProgress?.({ step: "neighbours", done, total: points.length }),
  });
  const random = new Random(deriveSeed(seed, "umap"));
  const umap = new UMAP({ nNeighbors: neighbors, minDist, random: () => random.uint32() / TWO_32 });
  umap.setPrecomputedKNN(indices, distances);
  // With neighbours given, of the points only their number matters.
  const total = umap.initializeFit(Array.from(indices, () => []));
  const layout = umap.getEmbedding() as [number, number][];
  startFrom(layout, principalComponents(points, deriveSeed(seed, "components")), random);
  for (let done = 0; done < total; done += 1) {
    if (done % PAUSE === 0) {
      onProgress?.({ step: "layout", done, total });
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
    }
    umap.step();
  }
  onProgress?.({ step: "layout", done: total, total });
  return layout;
}

/** Moves the points to where the layout starts; an axis without extent keeps only the jitter. */
function startFrom(
  layout: [number, number][],
  start: readonly (readonly [number, number])[],
  random: Random,
): void {
  for (const axis of [0, 1]) {
    const values = start.map((point) => point[axis]);
    const least = values.reduce((a, b) => Math.min(a, b));
    const extent = values.reduce((a, b) => Math.max(a, b)) - least;
    for (const [index, value] of values.entries()) {
      const place = extent > 0 ? EXTENT * (value - least) / extent : 0;
      layout[index][axis] = place + JITTER * random.normal();
    }
  }
}
