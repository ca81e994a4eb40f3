/** Facts about the errors of predicted values. */
import type { Predictions } from "../../engine/data/predictions.ts";
import type { MetricInput } from "../../registry/plugin.ts";
import { finite, meanAndDeviation, quantile } from "./_numbers.ts";
import type { ResidualFacts } from "./evaluation.ts";
import { nameOf } from "./_samples.ts";

const SHARES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];
const BINS = 20;
const FIFTHS = 5;

/**
 * Describes prediction minus target, predicted value by predicted value.
 * @param predictions Predictions of a split.
 * @param samples The same as predictions and targets.
 */
export function describeResiduals(
  predictions: Predictions,
  { count, numClasses, scores, labels }: MetricInput,
): ResidualFacts[] {
  return Array.from({ length: numClasses }, (_, c): ResidualFacts => {
    const column = (values: ArrayLike<number>) =>
      Float64Array.from({ length: count }, (_, i) => values[i * numClasses + c]);
    const targets = column(labels);
    const residuals = column(scores).map((score, i) => score - targets[i]);
    const sorted = residuals.toSorted();
    const { mean, sd } = meanAndDeviation(residuals);
    return {
      name: nameOf(predictions, c),
      mean,
      sd: finite(sd),
      quantiles: SHARES.map((share) => quantile(sorted, share)),
      histogram: histogramOf(sorted),
      mae_by_target: errorsByTarget(residuals, targets),
    };
  });
}

/** Bins of equal width, the last one with both of its ends, as `numpy.histogram` counts. */
function histogramOf(sorted: Float64Array): ResidualFacts["histogram"] {
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  const [from, to] = least === most ? [least - 0.5, most + 0.5] : [least, most];
  const width = (to - from) / BINS;
  const edges = Array.from({ length: BINS + 1 }, (_, i) => i === BINS ? to : from + i * width);
  const counts = new Array<number>(BINS).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < BINS - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  return { edges, counts };
}

/** Mean absolute errors between quantiles of the targets; each fifth ends before the next begins. */
function errorsByTarget(
  residuals: Float64Array,
  targets: Float64Array,
): ResidualFacts["mae_by_target"] {
  const sorted = targets.toSorted();
  const ends = Array.from({ length: FIFTHS + 1 }, (_, i) => quantile(sorted, i / FIFTHS));
  return Array.from({ length: FIFTHS }, (_, k) => {
    const [from, to] = [ends[k], ends[k + 1]];
    const last = k === FIFTHS - 1;
    const within = residuals.filter((_, i) =>
      targets[i] >= from && (targets[i] < to || (last && targets[i] === to))
    );
    const { mean } = meanAndDeviation(within.map(Math.abs));
    return { from, to, count: within.length, mae: mean };
  }).filter(({ count }) => count > 0);
}
