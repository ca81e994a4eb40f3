/** ROC and precision-recall curves, thinned without leaving them. */
import type { Predictions } from "../../engine/data/predictions.ts";
import {
  areaUnderRoc,
  averagePrecision,
  type RankedClass,
} from "../../engine/metrics/ranked_classes.ts";
import type { Curve, Curves } from "./evaluation.ts";
import { nameOf } from "./_samples.ts";

const POINTS = 200;

/** All points of a curve, by ascending x. */
interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Decisions at the threshold of each score: samples that score as high or higher. */
interface Thresholds {
  readonly tp: number[];
  readonly fp: number[];
}

/**
 * Makes ROC curves, as scikit-learn's `roc_curve`; their mean is taken at equal steps between the
 * points of each, as by `numpy.interp`.
 * @param predictions Predictions of a split.
 * @param ranked Samples by the score of each class.
 */
export function rocCurves(predictions: Predictions, ranked: readonly RankedClass[]): Curves {
  return curvesOf(predictions, ranked, { area: areaUnderRoc, points: rocPoints, at: between });
}

/**
 * Makes precision-recall curves, as scikit-learn's `precision_recall_curve`; their mean is taken at
 * equal steps of recall, of the precision at the highest threshold that reaches it.
 * @param predictions Predictions of a split.
 * @param ranked Samples by the score of each class.
 */
export function precisionRecallCurves(
  predictions: Predictions,
  ranked: readonly RankedClass[],
): Curves {
  return curvesOf(predictions, ranked, { area: averagePrecision, points: prPoints, at: reaching });
}

interface CurveKind {
  readonly area: (ranked: RankedClass, counts: Int32Array) => number;
  readonly points: (thresholds: Thresholds) => Points;
  readonly at: (points: Points, x: number) => number;
}

function curvesOf(
  predictions: Predictions,
  ranked: readonly RankedClass[],
  kind: CurveKind,
): Curves {
  const once = new Int32Array(predictions.ids.length).fill(1);
  const all = ranked.map((each, c) => ({
    name: nameOf(predictions, c),
    area: kind.area(each, once),
    points: kind.points(thresholdsOf(each)),
  })).filter(({ area }) => !Number.isNaN(area));
  const classes = all.map(({ name, area, points }) => ({ name, ...thin(points), area }));
  return all.length === 0 ? { classes } : { classes, macro: macroOf(all, kind) };
}

function macroOf(
  all: readonly { readonly area: number; readonly points: Points }[],
  { at }: CurveKind,
): Curve {
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const x = Array.from({ length: POINTS }, (_, i) => i / (POINTS - 1));
  return {
    name: "macro",
    x,
    y: x.map((each) => mean(all.map(({ points }) => at(points, each)))),
    area: mean(all.map(({ area }) => area)),
  };
}

function thresholdsOf({ order, positive, closes }: RankedClass): Thresholds {
  const [tp, fp]: [number[], number[]] = [[], []];
  let hits = 0;
  for (let k = 0; k < order.length; k++) {
    hits += positive[k];
    if (closes[k] === 0) continue;
    tp.push(hits);
    fp.push(k + 1 - hits);
  }
  return { tp, fp };
}

function rocPoints({ tp, fp }: Thresholds): Points {
  const [positives, negatives] = [tp[tp.length - 1], fp[fp.length - 1]];
  return {
    x: Float64Array.from([0, ...fp], (count) => count / negatives),
    y: Float64Array.from([0, ...tp], (count) => count / positives),
  };
}

function prPoints({ tp, fp }: Thresholds): Points {
  const positives = tp[tp.length - 1];
  return {
    x: Float64Array.from([0, ...tp], (count) => count / positives),
    y: Float64Array.of(1, ...tp.map((hits, k) => hits / (hits + fp[k]))),
  };
}

/** Between the last point that is not right of x and the next one. */
function between({ x: xs, y: ys }: Points, x: number): number {
  const next = lowerThan(xs, x, true);
  if (next === xs.length) return ys[next - 1];
  const share = (x - xs[next - 1]) / (xs[next] - xs[next - 1]);
  return ys[next - 1] + share * (ys[next] - ys[next - 1]);
}

/** Of the first point that is not left of x. */
function reaching({ x: xs, y: ys }: Points, x: number): number {
  return ys[lowerThan(xs, x, false)];
}

/** Number of values (ascending) lower than x, or not higher where `inclusive`. */
function lowerThan(values: Float64Array, x: number, inclusive: boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < x || (inclusive && values[middle] === x)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those points that lie nearest behind equal steps along the curve, the first and the last one. */
function thin({ x, y }: Points): { readonly x: number[]; readonly y: number[] } {
  const corners = cornersOf({ x, y });
  const lengths = [0];
  for (let k = 1; k < corners.length; k++) {
    const [from, to] = [corners[k - 1], corners[k]];
    lengths.push(lengths[k - 1] + Math.abs(x[to] - x[from]) + Math.abs(y[to] - y[from]));
  }
  const step = lengths[lengths.length - 1] / (POINTS - 2);
  let next = 0;
  const kept = corners.filter((_, k) => {
    const last = k === corners.length - 1;
    if (corners.length > POINTS && !last && lengths[k] < next * step) return false;
    next = Math.floor(lengths[k] / step) + 1;
    return true;
  });
  return { x: kept.map((at) => x[at]), y: kept.map((at) => y[at]) };
}

/** Indices of the points where a curve turns. */
function cornersOf({ x, y }: Points): number[] {
  const corners: number[] = [];
  for (let k = 0; k < x.length; k++) {
    const inner = k > 0 && k < x.length - 1;
    const straight = inner && ((x[k - 1] === x[k] && x[k] === x[k + 1]) ||
      (y[k - 1] === y[k] && y[k] === y[k + 1]));
    if (!straight) corners.push(k);
  }
  return corners;
}
