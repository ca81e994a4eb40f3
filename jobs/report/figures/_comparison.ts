/** Numbers side by side: of folds, and of runs. */
import type { TopLevelSpec } from "vega-lite";
import { headlineNumbers, type Subject } from "../facts.ts";
import { meanAndSd, plain, withInterval } from "../numbers.ts";
import type { Figure } from "./figure.ts";
import { COLORS, inner, short } from "./_parts.ts";

/** Metrics of folds that one chart shows. */
const MOST_METRICS = 8;
/** Pixels that a letter of an axis takes. */
const LETTER = 6.5;

/**
 * Draws the folds of a cross-validation: a dot each, mean and standard deviation.
 * @param subject The group.
 * @returns A figure; none of a single run.
 */
export function foldsFigure({ folds, runs, headline }: Subject): Figure[] {
  if (folds === undefined) return [];
  const all = Object.entries(folds.metrics)
    .sort(([a], [b]) => Number(b === headline) - Number(a === headline));
  const [first] = all;
  // Metrics of one scale share a chart: those between 0 and 1, or else the most important one.
  const isShare = ([, { values }]: typeof first) =>
    values.every((value) => value === null || (value >= 0 && value <= 1));
  const shown = (isShare(first) ? all.filter(isShare) : [first]).slice(0, MOST_METRICS);
  const dots = shown.flatMap(([name, { values }]) =>
    values.flatMap((value) => value === null ? [] : [{ name, value }])
  );
  const means = shown.flatMap(([name, { mean, sd }]) =>
    mean === null ? [] : [{ name, mean, low: mean - (sd ?? 0), high: mean + (sd ?? 0) }]
  );
  return [{
    id: "folds",
    title: "Folds",
    description: `A dot for each of ${folds.folds} folds; the line is mean ± standard deviation.`,
    half: false,
    spec: (width) => dotSpec({ dots, means, title: "value" }, width),
    table: {
      columns: [
        "metric",
        ...runs.map(({ summary: { fold } }) => `fold ${fold}`),
        "mean ± sd",
        "all folds together",
      ],
      rows: all.map(([name, { values, mean, sd, pooled }]) => [
        name,
        ...values.map(plain),
        meanAndSd(mean, sd),
        withInterval(pooled),
      ]),
    },
  }];
}

/**
 * Draws runs side by side, by the metric that is the first one of most of them.
 * @param subjects The runs and groups.
 * @returns A figure; none where fewer than two have a number.
 */
export function comparisonFigure(subjects: readonly Subject[]): Figure[] {
  const metric = commonMetric(subjects);
  const found = subjects.flatMap((subject) => {
    const number = headlineNumbers(subject).find(({ name }) => name === metric);
    return number === undefined ? [] : [{ subject, number }];
  });
  if (metric === undefined || found.length < 2) return [];
  const splits = [...new Set(found.map(({ subject }) => subject.split))].join(" and ");
  const means = found.flatMap(({ subject: { name }, number: { value, low, high } }) =>
    value === null ? [] : [{ name, mean: value, low: low ?? value, high: high ?? value }]
  );
  const several = found.some(({ number }) => number.sd !== undefined);
  const spread = several ? "; of folds, mean ± standard deviation" : "";
  return [{
    id: "comparison",
    title: `${metric} of all runs`,
    description: `${metric} on ${splits}, with 95% bootstrap intervals${spread}.`,
    half: false,
    spec: (width) => dotSpec({ dots: [], means, title: metric }, width),
    table: {
      columns: ["run", metric, "split"],
      rows: found.map(({ subject: { name, split }, number }) => [
        name,
        number.sd === undefined ? withInterval(number) : meanAndSd(number.value, number.sd),
        split ?? "",
      ]),
    },
  }];
}

/**
 * The metric that stands first in most runs.
 * @param subjects The runs and groups.
 */
export function commonMetric(subjects: readonly Subject[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { headline } of subjects) {
    if (headline !== undefined) counts.set(headline, (counts.get(headline) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

interface Dots {
  readonly dots: readonly { readonly name: string; readonly value: number }[];
  readonly means: readonly {
    readonly name: string;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly title: string;
}

function dotSpec({ dots, means, title }: Dots, width: number): TopLevelSpec {
  const letters = width < 400 ? 16 : 40;
  const names = means.map(({ name }) => name);
  const longest = Math.max(...names.map((name) => short(name, letters).length));
  const shortNames = Object.fromEntries(names.map((name) => [name, short(name, letters)]));
  const labelExpr = `${JSON.stringify(shortNames)}[datum.value]`;
  const y = {
    field: "name",
    type: "nominal",
    sort: null,
    scale: { domain: names },
    axis: { title: null, grid: true, labelLimit: 0, labelExpr },
  } as const;
  const scale = { zero: false, nice: true };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    scale,
    axis: { title, tickCount: width < 400 ? 4 : 7 },
  } as const);
  return {
    width: inner(width) - Math.max(0, longest * LETTER - 50),
    height: { step: 28 },
    layer: [
      {
        data: { values: [...means] },
        mark: { type: "rule", color: COLORS.accent, strokeWidth: 2.5, aria: false },
        encoding: { x: x("low"), x2: { field: "high" }, y },
      },
      ...dots.length > 0
        ? [
          {
            data: { values: [...dots] },
            mark: { type: "circle", color: COLORS.wrong, opacity: 0.8, size: 50, aria: false },
            encoding: { x: x("value"), y },
          } as const,
        ]
        : [],
      {
        data: { values: [...means] },
        mark: dots.length > 0
          ? { type: "tick", color: COLORS.accent, thickness: 3, size: 16, aria: false }
          : { type: "circle", color: COLORS.accent, opacity: 1, size: 80, aria: false },
        encoding: { x: x("mean"), y },
      },
    ],
  };
}
