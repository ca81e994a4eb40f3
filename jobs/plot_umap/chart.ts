/**
 * The picture: points in the plane, coloured by what they are.
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { classColors, DISTINCT_COLORS, UNKNOWN_COLOR, VERDICT_COLORS } from "../charts/colors.ts";
import { Random } from "../../engine/random.ts";
import type { ChartText } from "../charts/svg.ts";
import type { ColorKey } from "./config.ts";
import type { MatchedPredictions } from "./predictions.ts";
import type { Samples } from "./read_samples.ts";

/** Points that share a colour. */
export interface PointGroup {
  /** What they are, as the legend says. */
  readonly name: string;
  /** Their colour. */
  readonly color: string;
  /** How many there are. */
  readonly size: number;
}

/** A point of the plot. */
export interface PlotPoint {
  /** Horizontal coordinate. */
  readonly x: number;
  /** Vertical coordinate. */
  readonly y: number;
  /** Name of its group. */
  readonly group: string;
  /** Its name. */
  readonly id: string;
  /** Lines that say what it is. */
  readonly facts: readonly string[];
}

/** A plot, before it is drawn. */
export interface UmapChart extends ChartText {
  /** Line below the title. */
  readonly subtitle: string;
  /** The groups in the order of the legend. */
  readonly groups: readonly PointGroup[];
  /** The points in the order in which they are drawn. */
  readonly points: readonly PlotPoint[];
  /** Whether groups lie apart, so that their names can stand among their points. */
  readonly labelled: boolean;
}

/** What a chart is made of. */
export interface ChartParts {
  /** Title. */
  readonly title: string;
  /** What colours the points. */
  readonly colorBy: ColorKey;
  /** Seed of the order in which points are drawn. */
  readonly seed: number;
  /** The samples. */
  readonly data: Samples;
  /** Coordinates of the samples. */
  readonly layout: readonly (readonly [number, number])[];
  /** Their predictions, where there are any. */
  readonly predictions?: MatchedPredictions;
}

/** Group of points whose prediction is not known. */
const UNKNOWN = "no prediction";
/** Most groups whose names are written among their points. */
const MOST_LABELS = 40;

/**
 * Arranges what is drawn.
 * @param parts What the chart is made of.
 * @returns The chart. Points are drawn in random order, so that no class hides the others; wrong ones
 *   are drawn last.
 */
export function umapChart(parts: ChartParts): UmapChart {
  const { title, colorBy, seed, data: { samples, total }, layout, predictions } = parts;
  const classes = classesOf(parts);
  const nameOf = (index: number) => classes.get(index)!.name;
  const splitOf = (index: number) => predictions?.splits[index] ?? samples[index].split;
  const several = new Set(samples.map((_, index) => splitOf(index))).size > 1;
  const groupOf = (index: number): string => {
    const { label } = samples[index];
    const predicted = predictions?.predicted[index];
    if (colorBy === "label") return nameOf(label);
    if (colorBy === "split") return splitOf(index);
    if (predicted === undefined) return UNKNOWN;
    return colorBy === "pred" ? nameOf(predicted) : predicted === label ? "correct" : "wrong";
  };
  const names = samples.map((_, index) => groupOf(index));
  const groups = groupsOf(names, colorBy, [...classes.values()]);
  const order = [...new Random(seed).shuffle(Int32Array.from(names, (_, index) => index))];
  const last = (index: number) => Number(names[index] === "wrong" && colorBy === "correct");
  const points = order.sort((a, b) => last(a) - last(b)).map((index): PlotPoint => {
    const { id, label } = samples[index];
    const predicted = predictions?.predicted[index];
    const facts = [`label ${nameOf(label)}`];
    if (predicted !== undefined) facts.push(`predicted ${nameOf(predicted)}`);
    if (several) facts.push(`split ${splitOf(index)}`);
    const [x, y] = layout[index];
    return { x, y, group: names[index], id, facts };
  });
  const labels = new Set(samples.map(({ label }) => label)).size;
  const size = samples.length === total
    ? `n=${grouped(total)}`
    : `n=${grouped(samples.length)} of ${grouped(total)}`;
  const subtitle = `${size}\u2003classes=${labels}${WORDS[colorBy]}`;
  const sizes = groups.slice(0, 12).map(({ name, size }) => `${name}: ${grouped(size)}`);
  const more = groups.length > sizes.length ? ", …" : "";
  return {
    title,
    subtitle,
    description:
      `UMAP of ${grouped(samples.length)} samples, a point each: neighbours in feature ` +
      `space lie next to each other. Points by ${MEANINGS[colorBy]} – ${sizes.join(", ")}${more}.`,
    groups,
    points,
    labelled: colorBy === "label" || colorBy === "pred",
  };
}

const MEANINGS: Readonly<Record<ColorKey, string>> = {
  label: "class",
  pred: "predicted class",
  correct: "whether the prediction is correct",
  split: "split",
};

const WORDS: Readonly<Record<ColorKey, string>> = {
  label: "",
  pred: "\u2003coloured by prediction",
  correct: "\u2003coloured by correctness",
  split: "\u2003coloured by split",
};

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** Names and colours of all classes that occur, so that a class is one colour in every plot. */
function classesOf({ data, predictions }: ChartParts): Map<number, Omit<PointGroup, "size">> {
  const predicted = predictions?.predicted.filter((label) => label !== undefined) ?? [];
  const labels = [...new Set([...data.samples.map(({ label }) => label), ...predicted])]
    .sort((a, b) => a - b);
  const colors = classColors(labels.length);
  const names = predictions?.classNames ?? data.classNames;
  const text = labels.map((label) => names.get(label) ?? String(label));
  const isUnique = new Set(text).size === text.length;
  return new Map(labels.map((label, index) => [label, {
    name: isUnique ? text[index] : `${text[index]} (${label})`,
    color: colors[index],
  }]));
}

function groupsOf(
  names: readonly string[],
  colorBy: ColorKey,
  classes: readonly Omit<PointGroup, "size">[],
): PointGroup[] {
  const sizes = new Map<string, number>();
  for (const name of names) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  const unknown = { name: UNKNOWN, color: UNKNOWN_COLOR };
  const known: Readonly<Record<ColorKey, () => readonly Omit<PointGroup, "size">[]>> = {
    label: () => classes,
    pred: () => [...classes, unknown],
    correct: () => [
      { name: "correct", color: VERDICT_COLORS.correct },
      { name: "wrong", color: VERDICT_COLORS.wrong },
      unknown,
    ],
    split: () => {
      const colors = classColors(sizes.size);
      return [...sizes.keys()].map((name, index) => ({ name, color: colors[index] }));
    },
  };
  return known[colorBy]().filter(({ name }) => sizes.has(name))
    .map((group) => ({ ...group, size: sizes.get(group.name)! }));
}

/** Size in pixels: 7 by 6 inches. */
const [WIDTH, HEIGHT] = [672, 576];

/**
 * Describes the chart to Vega-Lite.
 * @param chart The chart.
 * @param bare Whether title and legend are left to a page around it.
 * @returns The specification; the marks of the points have the class `points_marks`.
 */
export function umapSpec(
  { title, subtitle, groups, points, labelled }: UmapChart,
  bare = false,
): TopLevelSpec {
  const byName = labelled && groups.length > DISTINCT_COLORS;
  const domain = groups.map(({ name }) => name);
  const scale = { domain, range: groups.map(({ color }) => color) };
  const axes = {
    x: { field: "x", type: "quantitative", axis: null, scale: { zero: false, nice: false } },
    y: { field: "y", type: "quantitative", axis: null, scale: { zero: false, nice: false } },
  } as const;
  const legend = byName || bare ? null : { title: null };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...!bare && { title: { text: title, subtitle, limit: WIDTH - 24 } },
    width: WIDTH,
    height: HEIGHT,
    autosize: { type: "fit", contains: "padding" },
    layer: [
      {
        name: "points",
        data: { values: points.map(({ x, y, group }) => ({ x, y, group })) },
        mark: { type: "circle", size: 14, opacity: 0.7, aria: false },
        encoding: { ...axes, color: { field: "group", type: "nominal", scale, legend } },
      },
      ...byName && groups.length <= MOST_LABELS ? labelLayers(points, axes) : [],
    ],
  };
}

type Layers = Extract<TopLevelSpec, { readonly layer: unknown }>["layer"];

/** Names among the points, with a rim that keeps them apart from the points. */
function labelLayers(
  points: readonly PlotPoint[],
  axes: { readonly x: object; readonly y: object },
): Layers {
  const values = [...Map.groupBy(points, ({ group }) => group)].map(([group, members]) => {
    const { x, y } = middle(members);
    return { x, y, group };
  });
  const encoding = { ...axes, text: { field: "group", type: "nominal" } } as const;
  const mark = { type: "text", fontSize: 13, fontWeight: "bold", aria: false } as const;
  return [
    {
      name: "rims",
      data: { values },
      mark: { ...mark, stroke: "#ffffff", strokeWidth: 4, strokeJoin: "round" },
      encoding,
    },
    { name: "names", data: { values }, mark: { ...mark, fill: "#1a1a1a" }, encoding },
  ];
}

/** The point that is nearest to the median: the median itself may lie between two clusters. */
function middle(points: readonly PlotPoint[]): PlotPoint {
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const [x, y] = [median(points.map(({ x }) => x)), median(points.map(({ y }) => y))];
  const distance = (point: PlotPoint) => (point.x - x) ** 2 + (point.y - y) ** 2;
  return points.reduce((best, point) => distance(point) < distance(best) ? point : best);
}
