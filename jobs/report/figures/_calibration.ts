/** Reliability: whether probabilities mean what they say; and how scores are spread. */
import type { TopLevelSpec } from "vega-lite";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { classColors } from "../../charts/colors.ts";
import type { CalibrationEvaluation, Evaluation } from "../../evaluate/evaluation.ts";
import { count, plain } from "../numbers.ts";
import type { Figure } from "./figure.ts";
import { COLORS, DASHED, inner, shares, shortOf } from "./_parts.ts";

type Classified = Exclude<Evaluation, { readonly subtask: "regression" }>;
type Bin = CalibrationEvaluation["bins"][number];

/** Bins of a histogram of scores. */
const BINS = 20;
/** Of the normal distribution, for intervals of 95%. */
const Z = 1.959964;

/**
 * Draws the reliability diagram, with a histogram of scores below it.
 * @param evaluation The evaluation.
 */
export function reliabilityFigure({ calibration, subtask }: Classified): Figure {
  const isMulticlass = subtask === "multiclass";
  const each = "ece" in calibration ? [calibration] : calibration;
  const bins = joined(each.flatMap(({ bins }) => bins));
  const mean = (pick: (each: CalibrationEvaluation) => number) =>
    each.reduce((sum, one) => sum + pick(one), 0) / each.length;
  const rows = bins.map((bin) => ({ ...bin, ...wilson(bin) }));
  const what = isMulticlass ? "right" : "true";
  return {
    id: "reliability",
    title: "Reliability",
    description:
      `How often decisions of each confidence are ${what}; on the dashed line, as often ` +
      `as they say. Bars are 95% intervals (Wilson); below, how many there are. ` +
      `ECE ${plain(mean(({ ece }) => ece))}, Brier score ${plain(mean(({ brier }) => brier))}` +
      `${each.length > 1 ? ", means over labels" : ""}.`,
    half: true,
    spec: (width) => reliabilitySpec(rows, isMulticlass, width),
    table: {
      columns: [
        "confidence from",
        "to",
        "mean confidence",
        `share ${what}`,
        "95% interval",
        "count",
      ],
      rows: rows.map((bin) => [
        plain(bin.from),
        plain(Math.min(1, bin.to)),
        plain(bin.confidence),
        plain(bin.accuracy),
        `[${plain(bin.low)}, ${plain(bin.high)}]`,
        bin.count,
      ]),
    },
  };
}

/** Bins of several labels as those of all of them together. */
function joined(bins: readonly Bin[]): Bin[] {
  const groups = [...Map.groupBy(bins, ({ from }) => from).values()];
  return groups.map((group) => {
    const count = group.reduce((sum, bin) => sum + bin.count, 0);
    const mean = (pick: (bin: Bin) => number) =>
      group.reduce((sum, bin) => sum + bin.count * pick(bin), 0) / count;
    const { from, to } = group[0];
    return {
      from,
      to,
      count,
      confidence: mean(({ confidence }) => confidence),
      accuracy: mean(({ accuracy }) => accuracy),
    };
  }).sort((a, b) => a.from - b.from);
}

/** The interval of a share (Wilson, 1927). */
function wilson({ accuracy, count }: Pick<Bin, "accuracy" | "count">) {
  const scale = 1 + Z ** 2 / count;
  const middle = (accuracy + Z ** 2 / (2 * count)) / scale;
  const half = Z / scale *
    Math.sqrt(accuracy * (1 - accuracy) / count + Z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function reliabilitySpec(
  bins: readonly (Bin & { readonly low: number; readonly high: number })[],
  isMulticlass: boolean,
  width: number,
): TopLevelSpec {
  const side = inner(width) - (width < 400 ? 0 : 16);
  const x = {
    field: "confidence",
    ...shares(isMulticlass ? "confidence of the decision" : "probability of the label"),
  };
  const extent = { minExtent: 34, maxExtent: 34 };
  const y = shares(isMulticlass ? "share that is right" : "share that is true");
  const top = { ...y, axis: { ...y.axis, ...extent } };
  const values = bins.map((bin) => ({ ...bin, to: Math.min(1, bin.to) }));
  const hidden = { ...x, axis: { ...x.axis, title: null, labels: false, ticks: false } };
  return {
    spacing: 8,
    vconcat: [
      {
        width: side,
        height: Math.min(side, 260),
        layer: [
          {
            data: { values: [{ confidence: 0, y: 0 }, { confidence: 1, y: 1 }] },
            mark: DASHED,
            encoding: { x: hidden, y: { field: "y", ...top } },
          },
          {
            data: { values },
            mark: { type: "rule", color: COLORS.accent, strokeWidth: 1.5, aria: false },
            encoding: { x: hidden, y: { field: "low", ...top }, y2: { field: "high" } },
          },
          {
            data: { values },
            mark: {
              type: "line",
              color: COLORS.accent,
              strokeWidth: 1.5,
              aria: false,
              point: { size: 40, filled: true },
            },
            encoding: { x: hidden, y: { field: "accuracy", ...top } },
          },
        ],
      },
      {
        width: side,
        height: 70,
        data: { values },
        mark: { type: "bar", color: COLORS.accent, opacity: 0.75, aria: false, binSpacing: 1 },
        encoding: {
          x: { ...x, field: "from", bin: "binned" },
          x2: { field: "to" },
          y: {
            field: "count",
            type: "quantitative",
            axis: { ...extent, title: "count", tickCount: 3, format: "~s", tickMinStep: 1 },
          },
        },
      },
    ],
  };
}

/**
 * Draws how scores are spread: of two classes that of the second one by true class, of more the
 * highest one by whether it is right, of labels all of them by whether they are true.
 * @param predictions Predictions of the split, run by run.
 * @param evaluation Its evaluation.
 */
export function scoresFigure(
  predictions: readonly Predictions[],
  { per_class, subtask }: Classified,
): Figure[] {
  const names = per_class.map(({ name }) => name);
  const isBinary = subtask === "multiclass" && names.length === 2;
  const scores = predictions.flatMap((each) => scoresOf(each, isBinary));
  if (scores.length === 0) return [];
  const kinds = subtask === "multilabel"
    ? ["label is true", "label is false"]
    : isBinary
    ? [1, 0].map((at) => `true class ${shortOf(names, at, 16)}`)
    : ["right", "wrong"];
  const range = isBinary ? classColors(2).toReversed() : [COLORS.right, COLORS.wrong];
  const what = isBinary
    ? `probability of ${shortOf(names, 1, 24)}`
    : subtask === "multilabel"
    ? "probability of the label"
    : "probability of the decision";
  const counts = kinds.map((_, kind) => histogram(scores, kind === 0));
  const values = kinds.flatMap((kind, order) =>
    counts[order].map((count, bin) => ({
      kind,
      order,
      from: bin / BINS,
      to: (bin + 1) / BINS,
      count,
    }))
  );
  return [{
    id: "scores",
    title: "Scores",
    description: `Histogram of ${count(scores.length)} scores, the ${what}: ` +
      `${kinds.join(" and ")}, stacked.`,
    half: true,
    spec: (width) => ({
      width: inner(width) - (width < 400 ? 0 : 16),
      height: 260,
      data: { values: values.filter(({ count }) => count > 0) },
      mark: { type: "bar", aria: false, binSpacing: 1 },
      encoding: {
        x: { field: "from", bin: "binned", ...shares(what) },
        x2: { field: "to" },
        y: {
          field: "count",
          type: "quantitative",
          stack: "zero",
          axis: { title: "count", tickMinStep: 1 },
        },
        color: {
          field: "kind",
          type: "nominal",
          scale: { domain: kinds, range },
          legend: {
            title: null,
            orient: "top",
            labelLimit: 0,
          },
        },
        order: { field: "order", type: "quantitative" },
      },
    }),
    table: {
      columns: ["from", "to", ...kinds],
      rows: Array.from({ length: BINS }, (_, bin) => [
        plain(bin / BINS),
        plain((bin + 1) / BINS),
        ...counts.map((each) => each[bin]),
      ]),
    },
  }];
}

/** Scores, and whether what they say is true. */
function scoresOf(
  { labels, scores, numClasses, subtask, ids }: Predictions,
  isBinary: boolean,
): [number, boolean][] {
  if (labels === undefined) return [];
  if (subtask === "multilabel") {
    return [...scores].map((score, at) => [score, labels.values[at] > 0.5]);
  }
  return ids.map((_, sample) => {
    const row = scores.subarray(sample * numClasses, (sample + 1) * numClasses);
    const label = labels.values[sample];
    if (isBinary) return [row[1], label === 1];
    const best = row.reduce((best, score, at) => score > row[best] ? at : best, 0);
    return [row[best], best === label];
  });
}

function histogram(scores: readonly (readonly [number, boolean])[], wanted: boolean): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const [score, isTrue] of scores) {
    if (isTrue === wanted) counts[Math.min(BINS - 1, Math.floor(score * BINS))]++;
  }
  return counts;
}
