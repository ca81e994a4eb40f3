/** Which classes are taken for which. */
import type { TopLevelSpec } from "vega-lite";
import type { MulticlassEvaluation, MultilabelEvaluation } from "../../evaluate/evaluation.ts";
import { count } from "../numbers.ts";
import type { Figure } from "./figure.ts";
import { COLORS, inner, shortOf } from "./_parts.ts";

/** More classes than these do not fit a matrix. */
const MOST_CLASSES = 30;
/** Up to so many classes of so many letters fit beside another figure. */
const MOST_BESIDE = 12;
/** Pairs of classes that are shown instead. */
const MOST_PAIRS = 30;
/** Labels that a chart has room for. */
const MOST_LABELS = 40;

/**
 * Draws the confusion matrix, or of many classes the pairs that are confused most.
 * @param evaluation The evaluation.
 */
export function confusionFigure(evaluation: MulticlassEvaluation): Figure {
  const names = evaluation.per_class.map(({ name }) => name);
  return names.length > MOST_CLASSES
    ? pairsFigure(evaluation.confusion, names)
    : matrixFigure(evaluation.confusion, names);
}

interface MatrixCell {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  readonly share: number;
}

type Matrix = MulticlassEvaluation["confusion"];

function matrixFigure(matrix: Matrix, names: readonly string[]): Figure {
  const cells = matrix.flatMap((row, truth): MatrixCell[] => {
    const total = row.reduce((sum, each) => sum + each, 0);
    return row.flatMap((count, predicted) =>
      count > 0 ? [{ truth, predicted, count, share: count / total }] : []
    );
  });
  const right = cells.filter(({ truth, predicted }) => truth === predicted);
  const sum = (some: readonly MatrixCell[]) => some.reduce((sum, { count }) => sum + count, 0);
  return {
    id: "confusion_matrix",
    title: "Confusion matrix",
    description: `${count(sum(right))} of ${count(sum(cells))} predictions are right. ` +
      "A row per true class, a column per predicted one: counts, and percentages of the row.",
    half: names.length <= MOST_BESIDE && names.every(({ length }) => length <= MOST_BESIDE),
    spec: (width) => matrixSpec(cells, names, width),
    table: {
      columns: ["true \\ predicted", ...names],
      rows: names.map((name, truth) => [
        name,
        ...matrix[truth].map((n) => {
          const total = matrix[truth].reduce((sum, each) => sum + each, 0);
          return n === 0 ? "0" : `${count(n)} (${percent(n / total)})`;
        }),
      ]),
    },
  };
}

function percent(share: number): string {
  return share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`;
}

function matrixSpec(
  cells: readonly MatrixCell[],
  names: readonly string[],
  width: number,
): TopLevelSpec {
  const most = width < 400 ? 12 : 20;
  const labels = names.map((_, at) => ({ name: shortOf(names, at, most), at }));
  const longest = Math.max(...labels.map(({ name }) => name.length));
  const side = width - 24 - (40 + 7 * longest);
  const cell = Math.floor(Math.min(side / names.length, names.length < 4 ? 120 : 60));
  const [both, counted] = [cell >= 38, cell >= 15];
  const fontSize = Math.min(13, Math.max(8, Math.floor(cell * (both ? 0.28 : 0.42))));
  const isTilted = longest * 7 > cell;
  const axis = (title: string) => ({
    title,
    domain: false,
    ticks: false,
    grid: true,
    zindex: 0,
    labelLimit: 0,
    labelOverlap: true,
    labelExpr: `${JSON.stringify(labels.map(({ name }) => name))}[datum.value]`,
  });
  const scale = { domain: labels.map(({ at }) => at), paddingInner: 0.04, paddingOuter: 0 };
  const encoding = {
    x: {
      field: "predicted",
      type: "ordinal",
      scale,
      axis: { ...axis("predicted"), orient: "bottom", labelAngle: isTilted ? -45 : 0 },
    },
    y: { field: "truth", type: "ordinal", scale, axis: axis("true") },
  } as const;
  const onFill = {
    condition: { test: "datum.share > 0.6", value: "#101010" },
    value: "#ffffff",
  } as const;
  const text = (field: "count" | "percent", dy: number, size: number) => ({
    mark: { type: "text", fontSize: size, dy, aria: false },
    encoding: { ...encoding, text: { field, type: "nominal" }, color: onFill },
  } as const);
  return {
    width: cell * names.length,
    height: cell * names.length,
    data: {
      values: cells.map((each) => ({ ...each, percent: percent(each.share) })),
    },
    layer: [
      {
        mark: { type: "rect", cornerRadius: 2, aria: false },
        encoding: {
          ...encoding,
          color: {
            field: "share",
            type: "quantitative",
            scale: { scheme: "viridis", domain: [0, 1] },
            legend: null,
          },
        },
      },
      ...counted ? [text("count", both ? -fontSize * 0.55 : 0, fontSize)] : [],
      ...both ? [text("percent", fontSize * 0.7, Math.max(8, fontSize - 2))] : [],
    ],
  };
}

function pairsFigure(matrix: Matrix, names: readonly string[]): Figure {
  const pairs = matrix.flatMap((row, truth) => {
    const total = row.reduce((sum, each) => sum + each, 0);
    return row.flatMap((n, predicted) =>
      n > 0 && truth !== predicted ? [{ truth, predicted, count: n, share: n / total }] : []
    );
  }).sort((a, b) => b.count - a.count || b.share - a.share).slice(0, MOST_PAIRS);
  const values = (letters: number) =>
    pairs.map(({ truth, predicted, count }) => ({
      count,
      pair: [truth, predicted].map((at) => shortOf(names, at, letters)).join(" → "),
    }));
  return {
    id: "confused_pairs",
    title: "Most confused classes",
    description: `The ${pairs.length} pairs of ${names.length} classes that are confused most: ` +
      "true class → predicted class, and how often.",
    half: false,
    spec: (width) => ({
      width: inner(width) - (width < 400 ? 110 : 230),
      height: { step: 18 },
      data: { values: values(width < 400 ? 11 : 20) },
      mark: { type: "bar", color: COLORS.wrong, aria: false },
      encoding: {
        x: {
          field: "count",
          type: "quantitative",
          axis: { title: "samples", tickMinStep: 1, format: "d" },
        },
        y: {
          field: "pair",
          type: "nominal",
          sort: null,
          axis: { title: null, grid: false, labelLimit: 0 },
        },
      },
    }),
    table: {
      columns: ["true", "predicted", "samples", "share of the true class"],
      rows: pairs.map(({ truth, predicted, count, share }) => [
        names[truth],
        names[predicted],
        count,
        percent(share),
      ]),
    },
  };
}

/**
 * Draws what is found of each label and what is not.
 * @param evaluation The evaluation of a multilabel task.
 */
export function labelsFigure({ confusion, per_class }: MultilabelEvaluation): Figure {
  const rows = per_class.map(({ name }, at) => {
    const [[tn, fp], [fn, tp]] = confusion[at];
    return { name, tn, fp, fn, tp };
  });
  const shown = rows.slice(0, MOST_LABELS);
  const kinds = ["found", "missed", "false alarm"] as const;
  const names = rows.map(({ name }) => name);
  const values = (letters: number) =>
    shown.flatMap(({ tp, fn, fp }, at) =>
      kinds.map((kind, order) => ({
        name: shortOf(names, at, letters),
        kind,
        order,
        count: [tp, fn, fp][order],
      }))
    );
  const rest = rows.length > shown.length ? ` The first ${shown.length} of ${rows.length}.` : "";
  return {
    id: "labels",
    title: "Decisions by label",
    description:
      `At a probability above 0.5: samples of each label that are found and missed, and false alarms.${rest}`,
    half: false,
    spec: (width) => ({
      width: inner(width) - (width < 400 ? 40 : 90),
      height: { step: 22 },
      data: { values: values(width < 400 ? 14 : 24) },
      mark: { type: "bar", aria: false },
      encoding: {
        x: {
          field: "count",
          type: "quantitative",
          stack: "zero",
          axis: { title: "samples", tickMinStep: 1 },
        },
        y: {
          field: "name",
          type: "nominal",
          sort: null,
          axis: { title: null, grid: false, labelLimit: 0 },
        },
        color: {
          field: "kind",
          type: "nominal",
          scale: { domain: [...kinds], range: [COLORS.accent, COLORS.wrong, "#e69f00"] },
          legend: { title: null, orient: "top" },
        },
        order: { field: "order", type: "quantitative" },
      },
    }),
    table: {
      columns: ["label", "found", "missed", "false alarm", "rightly not found"],
      rows: rows.map(({ name, tp, fn, fp, tn }) => [name, tp, fn, fp, tn]),
    },
  };
}
