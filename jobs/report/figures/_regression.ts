/** Predicted against true values, and their differences. */
import type { Predictions } from "../../../engine/data/predictions.ts";
import type { RegressionEvaluation, ResidualFacts } from "../../evaluate/evaluation.ts";
import { count, meanAndSd, plain } from "../numbers.ts";
import type { Figure } from "./figure.ts";
import { COLORS, DASHED, inner, spread } from "./_parts.ts";

/** Most points of a scatter plot. */
const MOST_POINTS = 2000;
/** Most predicted values that are drawn. */
const MOST_VALUES = 6;
/** Most rows of a table of points. */
const MOST_ROWS = 50;

/**
 * Draws the figures of each predicted value.
 * @param predictions Predictions of the split, run by run.
 * @param evaluation Its evaluation.
 */
export function regressionFigures(
  predictions: readonly Predictions[],
  { residuals }: RegressionEvaluation,
): Figure[] {
  return residuals.slice(0, MOST_VALUES).flatMap((facts, at) => {
    const several = residuals.length > 1;
    const names = { suffix: several ? `_${at}` : "", of: several ? ` of ${facts.name}` : "" };
    return [
      ...scatterFigure(predictions, at, names),
      residualsFigure(facts, names),
      errorsFigure(facts, names),
    ];
  });
}

interface Names {
  readonly suffix: string;
  readonly of: string;
}

function scatterFigure(
  predictions: readonly Predictions[],
  at: number,
  { suffix, of }: Names,
): Figure[] {
  const all = predictions.flatMap(({ ids, labels, scores, numClasses }) =>
    labels === undefined ? [] : ids.map((id, sample) => ({
      id,
      truth: labels.values[sample * numClasses + at],
      predicted: scores[sample * numClasses + at],
    }))
  );
  if (all.length === 0) return [];
  const points = spread(all, MOST_POINTS);
  const ends = points.flatMap(({ truth, predicted }) => [truth, predicted]);
  const domain: [number, number] = [Math.min(...ends), Math.max(...ends)];
  const some = points.length < all.length ? `${count(points.length)} of ` : "";
  return [{
    id: `predicted_true${suffix}`,
    title: `Predicted against true values${of}`,
    description: `${some}${count(all.length)} samples, a point each; on the dashed line, ` +
      "prediction and truth are equal.",
    half: true,
    spec: (width) => {
      const scale = { domain, nice: true, zero: false };
      const x = {
        field: "truth",
        type: "quantitative",
        scale,
        axis: { title: "true", tickCount: 6 },
      };
      const y = {
        field: "predicted",
        type: "quantitative",
        scale,
        axis: { title: "predicted", tickCount: 6 },
      };
      const side = inner(width) - (width < 400 ? 0 : 16);
      return {
        width: side,
        height: Math.min(side, 330),
        layer: [
          {
            data: { values: domain.map((end) => ({ truth: end, predicted: end })) },
            mark: DASHED,
            encoding: { x: { ...x, type: "quantitative" }, y: { ...y, type: "quantitative" } },
          },
          {
            data: { values: points.map(({ truth, predicted }) => ({ truth, predicted })) },
            mark: {
              type: "circle",
              size: 22,
              opacity: points.length > 300 ? 0.4 : 0.7,
              color: COLORS.accent,
              aria: false,
            },
            encoding: { x: { ...x, type: "quantitative" }, y: { ...y, type: "quantitative" } },
          },
        ],
      };
    },
    table: {
      columns: ["id", "true", "predicted", "difference"],
      rows: spread(all, MOST_ROWS).map(({ id, truth, predicted }) => [
        id,
        plain(truth),
        plain(predicted),
        plain(predicted - truth),
      ]),
    },
  }];
}

function residualsFigure(
  { histogram: { edges, counts }, mean, sd, quantiles }: ResidualFacts,
  { suffix, of }: Names,
): Figure {
  const values = counts.map((count, bin) => ({ from: edges[bin], to: edges[bin + 1], count }));
  return {
    id: `residuals${suffix}`,
    title: `Residuals${of}`,
    description: `Prediction minus truth: mean ${meanAndSd(mean, sd)} (standard deviation), ` +
      `median ${plain(quantiles[3])}, 90% between ${plain(quantiles[1])} and ${
        plain(quantiles[5])
      }.`,
    half: true,
    spec: (width) => ({
      width: inner(width) - (width < 400 ? 0 : 16),
      height: 260,
      layer: [
        {
          data: { values },
          mark: { type: "bar", color: COLORS.accent, aria: false, binSpacing: 1 },
          encoding: {
            x: {
              field: "from",
              bin: "binned",
              type: "quantitative",
              axis: { title: "prediction minus truth", tickCount: 6 },
            },
            x2: { field: "to" },
            y: {
              field: "count",
              type: "quantitative",
              axis: { title: "count", tickMinStep: 1, tickCount: 5 },
            },
          },
        },
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: "rule", color: COLORS.ink, strokeDash: [4, 4], aria: false },
          encoding: { x: { field: "zero", type: "quantitative" } },
        },
      ],
    }),
    table: {
      columns: ["from", "to", "count"],
      rows: values.map(({ from, to, count }) => [plain(from), plain(to), count]),
    },
  };
}

function errorsFigure({ mae_by_target }: ResidualFacts, { suffix, of }: Names): Figure {
  const values = mae_by_target.map(({ from, to, count, mae }, at) => ({
    range: `${plain(from)} to ${plain(to)}`,
    at,
    count,
    mae,
    text: plain(mae),
  }));
  return {
    id: `mae_by_target${suffix}`,
    title: `Mean absolute error by target${of}`,
    description: "Mean absolute error by fifths of the true values, lowest first.",
    half: true,
    spec: (width) => {
      const y = {
        field: "range",
        type: "nominal",
        sort: null,
        scale: { domain: values.map(({ range }) => range) },
        axis: { title: "true value", grid: false, labelLimit: 0 },
      } as const;
      const x = {
        field: "mae",
        type: "quantitative",
        axis: { title: "mean absolute error", tickCount: 4 },
      } as const;
      return {
        width: inner(width) - (width < 400 ? 70 : 100),
        height: { step: 34 },
        data: { values },
        layer: [
          { mark: { type: "bar", color: COLORS.accent, aria: false }, encoding: { x, y } },
          {
            mark: {
              type: "text",
              align: "left",
              dx: 4,
              fontSize: 12,
              color: COLORS.ink,
              aria: false,
            },
            encoding: { x, y, text: { field: "text", type: "nominal" } },
          },
        ],
      };
    },
    table: {
      columns: ["true value", "samples", "mean absolute error"],
      rows: values.map(({ range, count, text }) => [range, count, text]),
    },
  };
}
