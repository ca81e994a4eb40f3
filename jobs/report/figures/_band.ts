/** Bands around curves: percentiles of the curves of resamples. */
import type { Predictions } from "../../../engine/data/predictions.ts";
import { type RankedClass, rankSamples } from "../../../engine/metrics/ranked_classes.ts";
import { countDraws, unitsOf } from "../../evaluate/resamples.ts";

/** The interval of a curve. */
export interface CurveBand {
  /** Its ends, at equal steps of x. */
  readonly points: readonly { readonly x: number; readonly low: number; readonly high: number }[];
}

const RESAMPLES = 200;
const STEPS = 50;
const TAIL = 0.025;
/** Steps and rates are quotients of whole numbers. */
const ROUNDING = 1e-12;
/** More samples × classes × resamples than these would take too long. */
const MOST_WORK = 4e8;

/**
 * Computes the band of the macro curve, or of a class.
 * @param folds Predictions, fold by fold.
 * @param kind Kind of curve.
 * @param only The class; all of them, and their mean, where not given.
 * @returns The band; nothing where predictions or labels are missing, or where there are too many.
 */
export function curveBand(
  folds: readonly Predictions[],
  kind: "roc" | "pr",
  only?: number,
): CurveBand | undefined {
  const [first] = folds;
  const labels = folds.flatMap((fold) => fold.labels ? [...fold.labels.values] : []);
  const count = folds.reduce((sum, { ids }) => sum + ids.length, 0);
  if (first === undefined || folds.some((fold) => fold.labels === undefined)) return undefined;
  if (count * first.numClasses * RESAMPLES > MOST_WORK) return undefined;
  const { task, subtask, numClasses } = first;
  const scores = Float32Array.from(folds.flatMap(({ scores }) => [...scores]));
  const samples = { task, subtask, numClasses, count, scores, labels: Float32Array.from(labels) };
  const all = rankSamples(samples);
  const ranked = only === undefined ? all : [all[only]];
  const units = folds.every(({ patients }) => patients !== undefined)
    ? unitsOf("patients", folds.flatMap(({ patients = [] }) => patients))
    : unitsOf("samples", folds.flatMap(({ ids }) => ids));
  const heights = Array.from({ length: STEPS + 1 }, (): number[] => []);
  for (const counts of countDraws(units, { resamples: RESAMPLES, seed: 0 })) {
    const curves = ranked.map((each) => heightsOf(each, counts, kind)).filter((each) => each);
    if (curves.length === 0) continue;
    for (let at = 0; at <= STEPS; at++) {
      heights[at].push(curves.reduce((sum, curve) => sum + curve![at], 0) / curves.length);
    }
  }
  if (heights[0].length < RESAMPLES / 2) return undefined;
  const points = heights.map((values, at) => {
    values.sort((a, b) => a - b);
    const end = (share: number) => values[Math.round(share * (values.length - 1))];
    return { x: at / STEPS, low: end(TAIL), high: end(1 - TAIL) };
  });
  return { points };
}

/** Heights of the curve of a resample, at equal steps of x; nothing where it has no curve. */
function heightsOf(
  { order, positive, closes }: RankedClass,
  counts: Int32Array,
  kind: "roc" | "pr",
): Float64Array | undefined {
  let [positives, negatives] = [0, 0];
  for (let k = 0; k < order.length; k++) {
    if (positive[k]) positives += counts[order[k]];
    else negatives += counts[order[k]];
  }
  if (positives === 0 || (kind === "roc" && negatives === 0)) return undefined;
  const heights = new Float64Array(STEPS + 1);
  heights[0] = 1; // The precision of a recall of 0.
  let [tp, fp, next, x0, y0] = [0, 0, kind === "roc" ? 0 : 1, 0, 0];
  for (let k = 0; k < order.length; k++) {
    if (positive[k]) tp += counts[order[k]];
    else fp += counts[order[k]];
    if (closes[k] === 0 || tp + fp === 0) continue;
    const [x, y] = kind === "roc"
      ? [fp / negatives, tp / positives]
      : [tp / positives, tp / (tp + fp)];
    if (kind === "roc") {
      // Straight between its points; where it rises, its height is that above.
      for (; next <= STEPS && next / STEPS < x - ROUNDING; next++) {
        heights[next] = y0 + (next / STEPS - x0) / (x - x0) * (y - y0);
      }
    } else {
      // The precision at the highest threshold that reaches a recall.
      for (; next <= STEPS && next / STEPS <= x + ROUNDING; next++) heights[next] = y;
    }
    [x0, y0] = [x, y];
  }
  while (next <= STEPS) heights[next++] = y0;
  return heights;
}
